import { firewallText } from '../messages/config-firewall.ts';
import { isObject, valid, type CrossProblem } from './valid-value.ts';
import { firewallSection } from './sections/firewall.ts';
import { gatewaySection } from './sections/gateway.ts';
import { ollamaSection } from './sections/ollama.ts';
import { splitAddressAndPort } from './values.ts';

/** The port that Ollama has unless told, and that scanners look for. */
const usualOllamaPort = 11_434;
/** sshd's port where the target names none. */
const usualSshPort = 22;

/** Users of the kit: what each of them reaches is decided where it is used, and root reaches everything. */
const ownUsers = [
  'root',
  'ollama',
  'hardening-gateway',
  'hardening-proxy',
  'hardening-models',
  'hardening-metrics',
];

/** The rules for what the packet filter lets through for others of the same machine. */
export function firewallChecks(stack: unknown): CrossProblem[] {
  return [...additionalInbound(stack), ...outboundUsers(stack)];
}

function additionalInbound(stack: unknown): CrossProblem[] {
  const { additionalInbound } = firewallSection.shape;
  const entries = valid(additionalInbound, stack, ['firewall', 'additionalInbound']) ?? [];
  const taken = takenPorts(stack);
  return entries.flatMap(({ port, protocol }, index): CrossProblem[] => {
    const path = ['firewall', 'additionalInbound', index, 'port'];
    if (ollamaPorts(stack).includes(port)) return [{ path, ...firewallText.ollamaPort }];
    const owner = protocol === 'tcp' ? taken.get(port) : undefined;
    if (owner !== undefined) return [{ path, ...firewallText.openAlready(owner) }];
    const first = entries.findIndex((other) => other.port === port && other.protocol === protocol);
    return first < index
      ? [{ path, ...firewallText.openAlready(`firewall.additionalInbound[${String(first)}]`) }]
      : [];
  });
}

function ollamaPorts(stack: unknown): readonly (number | undefined)[] {
  const host = valid(ollamaSection.shape.host, stack, ['ollama', 'host']);
  return [usualOllamaPort, host === undefined ? undefined : splitAddressAndPort(host)?.port];
}

/** TCP ports that have sources of their own, with the field that opens them. */
function takenPorts(stack: unknown): Map<number | false | undefined, string> {
  const { listenPort, plainListenPort } = gatewaySection.shape;
  const host = isObject(stack) && isObject(stack['target']) ? stack['target']['host'] : undefined;
  const ssh = isObject(host) && typeof host['port'] === 'number' ? host['port'] : usualSshPort;
  return new Map([
    [ssh, 'ssh.sources'],
    [valid(listenPort, stack, ['gateway', 'listenPort']), 'gateway.listenPort'],
    [valid(plainListenPort, stack, ['gateway', 'plainListenPort']), 'gateway.plainListenPort'],
  ]);
}

function outboundUsers(stack: unknown): CrossProblem[] {
  const users = valid(firewallSection.shape.outboundUsers, stack, ['firewall', 'outboundUsers']) ?? [];
  return users.flatMap((user, index) =>
    ownUsers.includes(user) ? [{ path: ['firewall', 'outboundUsers', index], ...firewallText.ownUser }] : [],
  );
}
