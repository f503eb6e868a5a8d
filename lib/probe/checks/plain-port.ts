import { fail, finding, pass, skipped, unknown, type Check } from '../check.ts';
import type { Ask } from '../context.ts';
import { judgeCalls } from '../judge-calls.ts';
import { manualCalls } from '../manual-calls.ts';

/** Whether the plain port answers 401 to everything, or is closed. */
export const plainPort: Check = {
  id: 'plain-port',
  title: 'Plain port: 401 to everything',
  area: 'stranger',
  needs: 'nothing',
  run: async (context) => {
    if (context.plain === undefined) return skipped('the gateway is said to have none');
    const { report } = context.plain;
    const { port } = report;
    if (report.state === 'closed') return pass('closed');
    if (report.state === 'filtered')
      return skipped(`port ${port} is filtered from here: no request reached it`);
    const calls: readonly Ask[] = [{ path: '/' }, ...manualCalls];
    const judged = await judgeCalls(calls, (call) => context.ask({ ...call, port, tls: report.tls }));
    const served = [...judged.served, ...judged.answered];
    if (served.length > 0) {
      const seen = served.join('; ');
      return fail(seen, [finding('plain-port-serves', seen, port)]);
    }
    if (judged.redirected.length > 0) {
      const seen = judged.redirected.join('; ');
      return fail(seen, [finding('plain-port-redirects', seen, port)]);
    }
    if (judged.otherwise.length > 0) {
      const seen = judged.otherwise.join('; ');
      return fail(seen, [finding('plain-port-not-401', seen, port)]);
    }
    return judged.unknown.length > 0 ? unknown(judged.unknown.join('; ')) : pass(judged.summary);
  },
};
