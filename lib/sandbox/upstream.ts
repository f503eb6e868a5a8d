import { sandboxText } from '../messages/sandbox.ts';
import type { Endpoint } from '../model/placement.ts';
import { startStandIn } from './stand-in/index.ts';

/** What the sandbox's gateway passes requests on to. */
export interface Upstream {
  readonly url: string;
  readonly kind: 'stand-in' | 'ollama' | 'given';
  readonly endpoint: Endpoint;
  close(): Promise<void>;
}

/** Where a local Ollama listens by its default. */
const localOllama = 'http://127.0.0.1:11434';

/** What `--upstream` takes for the stand-in, even where a local Ollama answers. */
const standInUpstream = 'stand-in';

/**
 * Chooses the upstream: the given URL or the stand-in, else an Ollama that answers on 127.0.0.1:11434, else the
 * stand-in.
 *
 * @throws UserError for a URL that is not plain HTTP to an address and a port, or says more than that
 */
export async function chooseUpstream(given: string | undefined): Promise<Upstream> {
  if (given !== undefined && given !== standInUpstream) return described(given, 'given');
  if (given === undefined && (await isOllama(localOllama))) return described(localOllama, 'ollama');
  const standIn = await startStandIn();
  return { ...described(standIn.url, 'stand-in'), close: () => standIn.close() };
}

function described(url: string, kind: Upstream['kind']): Upstream {
  return { url, kind, endpoint: endpointOf(url), close: () => Promise.resolve() };
}

function endpointOf(url: string): Endpoint {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const address = parsed?.hostname === 'localhost' ? '127.0.0.1' : parsed?.hostname.replace(/^\[|\]$/g, '');
  const isAddress = address !== undefined && /^[0-9.]+$|:/.test(address);
  const isBare =
    parsed?.pathname === '/' &&
    [parsed.username, parsed.password, parsed.search, parsed.hash].every((part) => part === '');
  const port = parsed?.port === '' ? 80 : Number(parsed?.port);
  if (parsed?.protocol !== 'http:' || !isAddress || !isBare || port === 0) throw sandboxText.badUpstream(url);
  return { address, port };
}

async function isOllama(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(1_000), redirect: 'error' });
    return response.status === 200 && (await response.text()).includes('Ollama is running');
  } catch {
    return false;
  }
}
