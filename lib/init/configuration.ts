import type { ConfigInput } from '../config/schema.ts';
import { initText } from '../messages/init.ts';
import type { Answers } from './answers.ts';
import { literal } from './literal.ts';

/** The configuration of a new project, unchecked: `parseConfig` says what is wrong with an answer. */
export function configurationOf(answers: Answers): ConfigInput {
  const { stack, serverName, service, target, address, hostKey, region, size } = answers;
  const deployed = target !== 'none';
  const { adminKey = [], sshSource = [], clientSource = [] } = answers;
  const adminKeys = Object.fromEntries(adminKey.map(namedKey));
  return {
    stacks: {
      [stack]: {
        ...(target === 'host'
          ? { target: { host: { address: address ?? '', hostKey: hostKey ?? '' } } }
          : {}),
        ...(target === 'digitalocean'
          ? { target: { digitalocean: { region: region ?? '', size: size ?? '' } } }
          : {}),
        ...(deployed
          ? { ssh: { sources: [...sshSource], ...(adminKey.length > 0 ? { adminKeys } : {}) } }
          : {}),
        ...(deployed ? { firewall: { gatewaySources: [...clientSource] } } : {}),
        ...(deployed ? { terraformState: { encryptedByOpenTofu: true } } : {}),
        gateway: { serverNames: [...serverName] },
        services: Object.fromEntries(service.map((name) => [name, {}])),
      },
    },
  };
}

function namedKey(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at < 1) throw initText.wrongAdminKey(text);
  return [text.slice(0, at), text.slice(at + 1)];
}

const comments = new Map([
  ['services', 'One for each program that calls the gateway: a certificate, routes, limits.'],
  ['terraformState', 'Keys are in the state. OpenTofu encrypts it, as TF_ENCRYPTION tells it to.'],
]);

/** The text of hardening.config.ts, laid out as prettier's own style has it. */
export function configurationText(configuration: ConfigInput): string {
  return [
    'import { defineConfig } from "review-hardening-kit";',
    '',
    '// The editor shows what each field means. After a change: npx hardening render',
    `export default defineConfig(${literal(configuration, comments)});`,
    '',
  ].join('\n');
}
