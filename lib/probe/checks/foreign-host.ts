import { fail, finding, pass, unknown, type Check } from '../check.ts';
import type { Ask } from '../context.ts';
import { byAnswer, shortAnswer } from '../judge-calls.ts';
import { judgeRefusal } from '../refusal.ts';

// .invalid can belong to nobody (RFC 2606).
const foreignName = 'probe.invalid';

const approaches: readonly (Ask & { readonly how: string })[] = [
  { how: 'foreign Host', path: '/ollama/api/tags', hostHeader: foreignName },
  { how: 'foreign SNI and Host', path: '/ollama/api/tags', hostHeader: foreignName, serverName: foreignName },
  { how: 'no SNI', path: '/ollama/api/tags', serverName: '' },
  { how: 'foreign SNI', path: '/ollama/api/tags', serverName: foreignName },
];

/** Whether a server block for another name, the default one above all, lacks the gateway's checks. */
export const foreignHost: Check = {
  id: 'foreign-host',
  title: 'Under another name: nothing',
  area: 'stranger',
  needs: 'tls',
  run: async (context) => {
    const answers = await Promise.all(
      approaches.map(async ({ how, ...call }) => {
        const outcome = await context.ask(call);
        // A handshake that is refused for the name is as good as a 401; so is any 4xx, and another site.
        const handshakeRefused = outcome.kind === 'tls' || outcome.kind === 'closed';
        const { refusal, seen } = judgeRefusal(call.path, outcome);
        const judged = handshakeRefused ? 'refused' : refusal;
        return { how, judged, seen, to: how, answer: shortAnswer(outcome) };
      }),
    );
    const words = (list: typeof answers): string => list.map(({ how, seen }) => `${how}: ${seen}`).join('; ');
    const served = answers.filter((answer) => answer.judged === 'served');
    if (served.length > 0) {
      const seen = words(served);
      return fail(seen, [finding('foreign-host-served', seen, context.target.gatewayPort)]);
    }
    const open = answers.filter((answer) => answer.judged === 'unknown');
    return open.length > 0 ? unknown(words(open)) : pass(byAnswer(answers));
  },
};
