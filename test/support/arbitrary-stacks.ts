import fc from 'fast-check';
import { ollamaRouteNames } from '../../lib/config/ollama-routes.ts';
import { parseConfig } from '../../lib/config/parse.ts';
import type { StackConfig } from '../../lib/config/schema.ts';
import type { StackInput } from './test-gateway.ts';

/** Names that are likely to trouble nginx, systemd or a certificate, beside arbitrary text. */
const anyName = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 50 }),
  fc.string({ unit: fc.constantFrom(...'az09-."\'\\$;{}#%~,=+ \n\0'.split('')), maxLength: 45 }),
  fc.constantFrom('default', 'include', 'hostnames', 'volatile', 'none', '~.*', '__proto__', 'server', 'ci'),
);
const goodName = fc.stringMatching(/^[a-z][a-z0-9-]{0,38}[a-z0-9]$/);

/** Mostly `good`, so that a configuration with a bad value here or there is otherwise accepted. */
function mostly<Value>(
  good: fc.Arbitrary<Value>,
  bad: fc.Arbitrary<unknown> = anyName,
): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 60, arbitrary: good }, { weight: 1, arbitrary: bad });
}

const number = (max: number): fc.Arbitrary<unknown> => mostly(fc.integer({ min: 1, max }), fc.double());
const optional = { requiredKeys: [] };

const service = fc.record(
  {
    generation: number(2_147_483_647),
    routes: mostly(
      fc.array(fc.constantFrom('read', 'inference', ...ollamaRouteNames), { minLength: 1, maxLength: 4 }),
      fc.array(anyName),
    ),
    rate: fc.record({ requestsPerSecond: number(10_000), burst: number(10_000) }),
    concurrentStreams: number(1_000),
  },
  optional,
);

const ipv4Network = fc.tuple(fc.ipV4(), fc.constant('/32')).map((parts) => parts.join(''));
const ipv6Network = fc.integer({ min: 0, max: 0xffff }).map((group) => `2001:db8:${group.toString(16)}::/48`);
const networks = fc.array(mostly(fc.oneof(ipv4Network, ipv6Network, fc.constant('10.0.0.0/8'))), {
  minLength: 1,
  maxLength: 4,
});
const publicKey = (type: string): fc.Arbitrary<string> =>
  fc.stringMatching(/^[A-Za-z0-9+/]{68}$/).map((base64) => `${type} ${base64}`);

/** Stacks as a user might write them, most of them accepted, with a hostile value here and there. */
export const stacks = fc.record(
  {
    target: fc.record(
      {
        distribution: mostly(fc.constantFrom('debian-12', 'debian-13', 'ubuntu-24.04')),
        host: fc.record({
          address: fc.constant('192.0.2.1'),
          port: number(65_535),
          user: mostly(fc.constantFrom('root', 'debian', '_a-b')),
          hostKey: mostly(fc.oneof(publicKey('ssh-ed25519'), publicKey('ecdsa-sha2-nistp256'))),
        }),
      },
      optional,
    ),
    ssh: fc.record({
      sources: networks,
      adminKeys: fc.dictionary(goodName, mostly(publicKey('ssh-ed25519')), { maxKeys: 3 }),
    }),
    firewall: fc.record(
      {
        gatewaySources: networks,
        additionalInbound: fc.uniqueArray(
          fc.record({
            port: fc.integer({ min: 1, max: 65_535 }),
            protocol: mostly(fc.constantFrom('tcp', 'udp')),
            sources: networks,
            reason: mostly(fc.stringMatching(/^[ -~]{20,60}$/)),
          }),
          { maxLength: 3, selector: ({ port }) => port },
        ),
        outboundUsers: fc.array(mostly(fc.constantFrom('backup', '_a-b')), { maxLength: 3 }),
      },
      optional,
    ),
    terraformState: fc.constant({ encryptedByOpenTofu: true }),
    gateway: fc.record(
      {
        serverNames: fc.array(mostly(fc.domain().map((domain) => domain.toLowerCase())), {
          minLength: 1,
          maxLength: 3,
        }),
        listenAddress: mostly(fc.oneof(fc.ipV4(), fc.ipV6())),
        listenPort: number(65_535),
        clientMaxBodySizeKiB: number(262_144),
        proxyReadTimeoutSeconds: number(3_600),
        workerProcesses: mostly(fc.oneof(fc.constant('auto'), fc.integer({ min: 1, max: 64 }))),
      },
      { requiredKeys: ['serverNames'] },
    ),
    services: fc.oneof(
      { weight: 9, arbitrary: fc.dictionary(goodName, service, { maxKeys: 5 }) },
      { weight: 1, arbitrary: fc.dictionary(anyName, service, { maxKeys: 5 }) },
    ),
    ollama: fc.record(
      {
        host: mostly(fc.constantFrom('127.0.0.1:11434', '[::1]:9')),
        keepAlive: mostly(fc.constantFrom('5m', '-1')),
        noCloud: mostly(fc.constant(true), fc.constant(false)),
        isolation: mostly(fc.constantFrom('namespace', 'loopback')),
        profile: mostly(fc.constantFrom('cpu', 'gpu')),
        memoryMaxMiB: number(1_000_000),
        tasksMax: number(65_536),
        install: fc.record({
          version: mostly(fc.constantFrom('0.31.2', '1.0.0')),
          sha256: mostly(fc.stringMatching(/^[0-9a-f]{64}$/)),
        }),
        models: fc.array(fc.record({ name: mostly(goodName) }), { maxLength: 2 }),
      },
      optional,
    ),
  },
  { requiredKeys: ['gateway', 'services'] },
);
/** Stack names, most of them accepted. */
export const stackNames = fc.oneof({ weight: 9, arbitrary: goodName }, { weight: 1, arbitrary: anyName });

/** The checked stack, or undefined where the configuration is refused. */
export function accepted(stackName: string, input: unknown): StackConfig | undefined {
  try {
    return parseConfig({ stacks: { [stackName]: input as StackInput } }, 'test').stacks[stackName];
  } catch {
    return undefined;
  }
}
