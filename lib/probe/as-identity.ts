import type { ProbeContext } from './context.ts';
import { isReply, type HttpOutcome, type HttpReply } from './http.ts';
import { ollamaEvidence } from './recognise.ts';

/** The read routes that any Ollama has. */
export const readPaths = ['/ollama/api/version', '/ollama/api/tags'] as const;

/** The answers to the read routes with the given identity. */
export interface ReadAnswers {
  readonly outcomes: readonly { readonly path: string; readonly outcome: HttpOutcome }[];
  /** The first that Ollama answered, with what shows it. */
  readonly served: { readonly path: string; readonly evidence: string } | undefined;
}

/** Asks the read routes with the given identity, once per probe. */
export function readAsIdentity(context: ProbeContext): Promise<ReadAnswers> {
  return context.once('read-as-identity', async () => {
    const { identity } = context.target;
    const outcomes = await Promise.all(
      readPaths.map(async (path) => ({ path, outcome: await context.ask({ path, identity }) })),
    );
    const served = outcomes
      .map(({ path, outcome }) => ({
        path,
        evidence: isReply(outcome) ? ollamaEvidence(path, outcome) : undefined,
      }))
      .find(
        (answer): answer is { path: (typeof readPaths)[number]; evidence: string } =>
          answer.evidence !== undefined,
      );
    return { outcomes, served };
  });
}

/** The bodiless 403 by which Ollama refuses a Host header that is not local (server/routes.go, allowedHostsMiddleware). */
export function isHostRefusal(reply: HttpReply): boolean {
  return reply.status === 403 && reply.bytes.length === 0;
}

/** A gateway's answer when nothing behind it answers. */
export function isUpstreamFailure(reply: HttpReply): boolean {
  return reply.status === 502 || reply.status === 504;
}
