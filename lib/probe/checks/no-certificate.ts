import { fail, finding, pass, unknown, type Check } from '../check.ts';
import { manualCalls } from '../manual-calls.ts';
import { judgeCalls } from '../judge-calls.ts';

/** The usual manual check: curl of two routes without a certificate, which must give 401. */
export const noCertificate: Check = {
  id: 'no-certificate',
  title: 'Without a certificate: 401',
  area: 'stranger',
  needs: 'tls',
  run: async (context) => {
    const { target } = context;
    const judged = await judgeCalls(manualCalls, (call) => context.ask(call));
    if (judged.served.length > 0) {
      const seen = judged.served.join('; ');
      return fail(seen, [finding('unauthenticated-request-served', seen, target.gatewayPort)]);
    }
    if (judged.answered.length > 0) {
      const seen = judged.answered.join('; ');
      return fail(seen, [finding('answers-without-certificate', seen, target.gatewayPort)]);
    }
    if (judged.otherwise.length > 0) {
      const seen = judged.otherwise.join('; ');
      return fail(seen, [finding('refused-without-401', seen, target.gatewayPort)]);
    }
    return judged.unknown.length > 0 ? unknown(judged.unknown.join('; ')) : pass(judged.summary);
  },
};
