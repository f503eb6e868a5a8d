import { fail, finding, pass, unknown, type Check } from '../check.ts';
import { groups, postQuantumGroups, type GroupName } from '../client-hello.ts';
import { alertName } from '../server-answer.ts';

// Alerts by which a server says that it shares no group: handshake_failure, illegal_parameter, insufficient_security.
const noCommonGroup = [40, 47, 71];

/**
 * Which key-exchange groups are accepted: a ClientHello per group, which offers that one and no key share, so that the
 * server has to name it in a HelloRetryRequest or refuse.
 */
export const keyExchange: Check = {
  id: 'key-exchange',
  title: 'Post-quantum key exchange',
  area: 'tls',
  needs: 'tls',
  run: async (context) => {
    const port = context.target.gatewayPort;
    const names = Object.keys(groups) as GroupName[];
    const answers = await Promise.all(
      names.map(async (name) => {
        const answer = await context.hello({ version: 'TLS 1.3', groups: [name] });
        if (answer.kind === 'hello' && answer.version === 'TLS 1.3') {
          return { name, accepted: answer.group === name, told: true, why: '' };
        }
        if (answer.kind === 'alert' && noCommonGroup.includes(answer.description)) {
          return { name, accepted: false, told: true, why: '' };
        }
        const why =
          answer.kind === 'alert'
            ? alertName(answer.description)
            : answer.kind === 'hello'
              ? 'TLS 1.3 not accepted'
              : 'no answer';
        return { name, accepted: false, told: false, why };
      }),
    );
    const accepted = answers.filter((answer) => answer.accepted).map((answer) => answer.name);
    const untold = answers.filter((answer) => !answer.told);
    const list = `accepted: ${accepted.join(', ') || 'none'}`;
    const record = finding('key-exchange-groups', list, port);
    if (accepted.some((name) => postQuantumGroups.includes(name))) return pass(list, [record]);
    if (untold.length > 0 || accepted.length === 0) {
      const reason = untold[0] === undefined ? '' : `; ${untold[0].name}: ${untold[0].why}`;
      return unknown(list + reason);
    }
    return fail(list, [finding('no-post-quantum-key-exchange', list, port), record]);
  },
};
