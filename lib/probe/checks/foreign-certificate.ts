import { fail, finding, pass, unknown, type Check } from '../check.ts';
import { foreignIdentity } from '../foreign-identity.ts';
import { judgeCalls } from '../judge-calls.ts';
import { manualCalls } from '../manual-calls.ts';

/** Whether a self-made certificate, with the name of a real service where one is known, is refused. */
export const foreignCertificate: Check = {
  id: 'foreign-certificate',
  title: 'Self-made certificate: 401',
  area: 'stranger',
  needs: 'tls',
  run: async (context) => {
    const { target } = context;
    const { identity, subject } = await foreignIdentity(target.identity?.cert);
    const judged = await judgeCalls(manualCalls, (call) => context.ask({ ...call, identity }));
    const whose = `as ${subject}: `;
    if (judged.served.length > 0) {
      const seen = whose + judged.served.join('; ');
      return fail(seen, [finding('foreign-certificate-served', seen, target.gatewayPort)]);
    }
    if (judged.otherwise.length > 0) {
      const seen = whose + judged.otherwise.join('; ');
      return fail(seen, [finding('refused-without-401', seen, target.gatewayPort)]);
    }
    const untold = [...judged.answered, ...judged.unknown];
    if (untold.length > 0) return unknown(whose + untold.join('; '));
    return pass(`${judged.summary}, as ${subject}`);
  },
};
