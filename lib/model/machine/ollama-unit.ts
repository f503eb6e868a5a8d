import type { StackConfig } from '../../config/schema.ts';
import { isLoopback } from '../../config/loopback.ts';
import { splitAddressAndPort } from '../../config/values.ts';
import { upstreamOf, type Endpoint } from '../placement.ts';

/** Where models are, on every machine: where Ollama's own install script keeps them, so that none has to move. */
export const modelStore = '/usr/share/ollama/.ollama/models';

/** The home that the install script gives to the user ollama. */
const userHome = '/usr/share/ollama';

/** The state that Ollama writes by itself, its key and its caches: beside the models, which it only reads. */
export const ollamaHome = '/var/lib/hardening-ollama';

/** The unit that serves models. */
export interface OllamaUnit {
  /** The program, an absolute path. */
  readonly program: string;
  /** The folder of the installed release; undefined where the machine's own Ollama is kept. */
  readonly installDirectory: string | undefined;
  /** Environment variables in the order they are printed. */
  readonly variables: readonly { readonly name: string; readonly value: string }[];
  readonly userHome: string;
  readonly modelStore: string;
  /** Where it answers when it is ready. */
  readonly ready: Endpoint;
  /** Alone in a network namespace, with nothing but loopback. */
  readonly isIsolated: boolean;
  /** It speaks with nothing beyond loopback, whatever its network has. */
  readonly isLoopbackOnly: boolean;
  /** The devices of graphics cards are open to it. */
  readonly hasGpu: boolean;
  /** MemoryMax in MiB; undefined: a share of the machine's memory. */
  readonly memoryMaxMiB: number | undefined;
  readonly tasksMax: number;
}

/** Decides Ollama's unit. */
export function ollamaUnit(ollama: StackConfig['ollama']): OllamaUnit {
  const installDirectory = installDirectoryOf(ollama);
  return {
    program: installDirectory === undefined ? '/usr/local/bin/ollama' : `${installDirectory}/bin/ollama`,
    installDirectory,
    variables: [
      // Models that no manifest names are kept: what pulls them is another unit.
      { name: 'OLLAMA_NOPRUNE', value: '1' },
      { name: 'OLLAMA_MODELS', value: modelStore },
      { name: 'HOME', value: ollamaHome },
      // Without devices, looking for Vulkan ends in errors in the log.
      ...(ollama.profile === 'cpu' ? [{ name: 'OLLAMA_VULKAN', value: '0' }] : []),
    ],
    userHome,
    modelStore,
    ready: upstreamOf(ollama.host),
    isIsolated: ollama.isolation === 'namespace',
    isLoopbackOnly:
      ollama.isolation === 'namespace' || (ollama.noCloud && isLoopback(addressOf(ollama.host))),
    hasGpu: ollama.profile === 'gpu',
    memoryMaxMiB: ollama.memoryMaxMiB,
    tasksMax: ollama.tasksMax,
  };
}

/**
 * Where a release of Ollama is unpacked. Its version and archive are in the name, so that a release of the kit that is
 * rolled back finds its own program, and another archive of the same version is another folder.
 */
function installDirectoryOf({ install }: StackConfig['ollama']): string | undefined {
  return install && `/opt/hardening/ollama/${install.version}-${install.sha256.slice(0, 12)}`;
}

function addressOf(host: string): string {
  return splitAddressAndPort(host)?.address ?? '';
}
