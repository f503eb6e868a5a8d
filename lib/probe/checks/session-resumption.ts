import { fail, finding, pass, unknown, type Check } from '../check.ts';
import { hostHeader } from '../scan.ts';
import { requestWithSession } from '../tls.ts';

/**
 * Whether a saved TLS session can be resumed. A ticket alone shows nothing: OpenSSL sends tickets of TLS 1.3 that nginx
 * then does not honour (measured, nginx 1.22 with ssl_session_cache and ssl_session_tickets off). So it is tried, with
 * the client certificate on the first connection only.
 */
export const sessionResumption: Check = {
  id: 'session-resumption',
  title: 'No TLS session is resumed',
  area: 'tls',
  needs: 'tls',
  run: async ({ target, step, limited }) => {
    const { address, gatewayPort: port, serverName, identity } = target;
    const host = hostHeader(target, port, true);
    const request = `GET /ollama/api/version HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
    const to = { address, port, serverName };
    const first = await limited(() => requestWithSession({ ...to, identity, signal: step() }, request));
    const { session } = first;
    if (session === undefined) {
      return first.status === 0 ? unknown(first.error ?? 'no answer') : pass('no session was offered');
    }
    const second = await limited(() => requestWithSession({ ...to, session, signal: step() }, request));
    if (second.resumed) {
      const seen = `resumed, without a certificate: ${second.status}`;
      const id = second.status === 200 ? 'session-resumption-serves-identity' : 'session-resumption';
      return fail(seen, [finding(id, seen, port)]);
    }
    // TLS 1.2 may refuse the whole handshake; only silence leaves it open.
    if (second.error === 'no answer in time') return unknown(second.error);
    return pass('a saved session was not honoured');
  },
};
