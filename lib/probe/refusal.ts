import type { HttpOutcome } from './http.ts';
import { isReply } from './http.ts';
import { ollamaError, ollamaEvidence } from './recognise.ts';
import { describeOutcome } from './scan.ts';

/** What became of a request that ought to be refused with 401. */
export type Refusal =
  /** 401, or the TLS handshake was refused for want of a certificate. */
  | 'refused'
  /** Refused, with another status. */
  | 'refused-otherwise'
  /** A redirect. */
  | 'redirect'
  /** Sent on to the model API. */
  | 'served'
  /** A success that does not come from the model API. */
  | 'answered'
  /** Could not be told. */
  | 'unknown';

// Alerts by which a server refuses a client without an acceptable certificate (RFC 8446 section 6.2).
const certificateAlerts =
  /alert_(certificate_required|bad_certificate|certificate_unknown|unknown_ca|access_denied|handshake_failure|certificate_expired|unsupported_certificate|decrypt_error)/;

/**
 * Judges an answer to a request that must not be served. A gateway's own refusal has a 4xx and a page or JSON of its own;
 * what shows that the request went on: a success in Ollama's words, a 502 or 504 of a gateway whose upstream failed, Ollama's complaint of
 * malformed JSON (400 in its error form), and the bodiless 403 of Ollama's Host check.
 */
export function judgeRefusal(
  path: string,
  outcome: HttpOutcome,
): { readonly refusal: Refusal; readonly seen: string } {
  const seen = describeOutcome(outcome);
  if (!isReply(outcome)) {
    const refused = outcome.kind === 'tls' && certificateAlerts.test(outcome.detail);
    return { refusal: refused ? 'refused' : 'unknown', seen };
  }
  const { status } = outcome;
  if (status === 401) return { refusal: 'refused', seen };
  if (status >= 300 && status < 400) return { refusal: 'redirect', seen };
  if (status < 300) {
    const evidence = ollamaEvidence(path, outcome);
    return evidence === undefined
      ? { refusal: 'answered', seen: `${seen}, not from Ollama` }
      : { refusal: 'served', seen: `${seen}: ${evidence}` };
  }
  if (status === 502 || status === 504) {
    return { refusal: 'served', seen: `${seen}: it was sent on to the upstream` };
  }
  if ((status === 400 || status === 500) && ollamaError(outcome) !== undefined) {
    return { refusal: 'served', seen: `${seen}: Ollama read the request` };
  }
  if (status === 403 && outcome.body === '') {
    return { refusal: 'served', seen: "403 without a body: Ollama's Host check answered" };
  }
  if (status === 429) return { refusal: 'unknown', seen: `${seen}: too many requests` };
  if (status >= 500) return { refusal: 'unknown', seen };
  return { refusal: 'refused-otherwise', seen };
}
