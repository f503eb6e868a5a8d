import { isLoopback } from '../config/loopback.ts';
import type { StackConfig } from '../config/schema.ts';
import { splitAddressAndPort } from '../config/values.ts';

/** What the programs on the machine must know of a release, beside its files. */
export interface ReleaseSettings {
  readonly stack: string;
  /** The distribution that the files are written for, such as `debian-13`: ID and VERSION_ID of os-release(5). */
  readonly distribution: string;
  readonly listenAddress: string;
  readonly listenPort: number;
  /** Undefined where the plain port stays closed. */
  readonly plainListenPort: number | undefined;
  readonly isolation: 'namespace' | 'loopback';
  /** The port of Ollama, which nobody outside may reach. */
  readonly ollamaPort: number;
  /** Whether that is so by an acknowledged reason. */
  readonly ollamaMayBeReached: boolean;
  /** How long streams may run on that began before a release that takes an identity away, in seconds. */
  readonly revocationDrainSeconds: number;
  /** The Ollama to install. Undefined: the machine's own is left alone. */
  readonly ollama:
    | {
        readonly version: string;
        readonly sha256: string;
        /** Undefined: Ollama's own release for the machine's architecture. */
        readonly url: string | undefined;
      }
    | undefined;
}

/** The settings of a stack's releases. */
export function releaseSettings(stack: string, { target, gateway, ollama }: StackConfig): ReleaseSettings {
  const endpoint = splitAddressAndPort(ollama.host);
  if (endpoint === undefined) throw new RangeError('ollama.host was not checked');
  return {
    stack,
    distribution: target.distribution,
    listenAddress: gateway.listenAddress,
    listenPort: gateway.listenPort,
    plainListenPort: gateway.plainListenPort === false ? undefined : gateway.plainListenPort,
    isolation: ollama.isolation,
    ollamaPort: endpoint.port,
    ollamaMayBeReached: ollama.isolation === 'loopback' && !isLoopback(endpoint.address),
    revocationDrainSeconds: gateway.revocationDrainSeconds,
    ollama: ollama.install && {
      version: ollama.install.version,
      sha256: ollama.install.sha256,
      url: ollama.install.url,
    },
  };
}

/**
 * Settings as lines `NAME=VALUE`, which the machine reads and never runs.
 *
 * @throws {RangeError} for a value that it would refuse
 */
export function settingsText(settings: ReleaseSettings): string {
  const values: readonly (readonly [name: string, value: string | number | undefined])[] = [
    ['stack', settings.stack],
    ['distribution', settings.distribution],
    ['listen_address', settings.listenAddress],
    ['listen_port', settings.listenPort],
    ['plain_listen_port', settings.plainListenPort],
    ['isolation', settings.isolation],
    ['ollama_port', settings.ollamaPort],
    ['ollama_may_be_reached', settings.ollamaMayBeReached ? 'yes' : 'no'],
    ['drain_seconds', settings.revocationDrainSeconds],
    ['ollama_version', settings.ollama?.version],
    ['ollama_sha256', settings.ollama?.sha256],
    ['ollama_url', settings.ollama?.url],
  ];
  return values
    .map(([name, value]) => {
      const text = String(value ?? '');
      if (!/^[A-Za-z0-9._:/@%+~?&=,-]{0,1000}$/.test(text)) {
        throw new RangeError(`a release cannot hold ${name} ${JSON.stringify(text)}`);
      }
      return `${name}=${text}\n`;
    })
    .join('');
}
