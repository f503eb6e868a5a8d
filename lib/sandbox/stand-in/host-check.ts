import { BlockList, isIP } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';

/** Loopback, private and unspecified addresses, as Go's netip calls them: RFC 1122, 1918, 4193, 4291. */
const nearAddresses = new BlockList();
nearAddresses.addSubnet('127.0.0.0', 8);
nearAddresses.addSubnet('10.0.0.0', 8);
nearAddresses.addSubnet('172.16.0.0', 12);
nearAddresses.addSubnet('192.168.0.0', 16);
nearAddresses.addAddress('0.0.0.0');
nearAddresses.addAddress('::1', 'ipv6');
nearAddresses.addAddress('::', 'ipv6');
nearAddresses.addSubnet('fc00::', 7, 'ipv6');

/**
 * Whether Ollama on a loopback listener serves a request with this Host field (server/routes.go,
 * allowedHostsMiddleware): empty, `localhost`, the machine's name, `*.localhost`, `*.local`, `*.internal`, or a
 * loopback, private, unspecified or own address. It refuses every other one with 403 and no body, which is why a proxy
 * that forwards the public host name breaks every call.
 */
export function isAllowedHost(host: string): boolean {
  const name = (hostOf(host) ?? host).toLowerCase();
  const family = isIP(name);
  if (family !== 0) {
    return (
      nearAddresses.check(name, family === 6 ? 'ipv6' : 'ipv4') ||
      Object.values(networkInterfaces()).some((addresses) =>
        addresses?.some(({ address }) => address === name),
      )
    );
  }
  return (
    name === '' ||
    name === 'localhost' ||
    name === hostname().toLowerCase() ||
    ['.localhost', '.local', '.internal'].some((suffix) => name.endsWith(suffix))
  );
}

/** The host of `host:port` as Go's net.SplitHostPort takes it; undefined for what it refuses, a bare name included. */
function hostOf(host: string): string | undefined {
  const bracketed = /^\[([^[\]]*)\]:[^:[\]]*$/.exec(host);
  if (bracketed) return bracketed[1];
  return /^([^:[\]]*):[^:[\]]*$/.exec(host)?.[1];
}

/** Ollama's built-in OLLAMA_ORIGINS (envconfig/config.go): local pages on any port, and the schemes of desktop apps. */
const localOrigin = /^https?:\/\/(?:localhost|127\.0\.0\.1|0\.0\.0\.0)(?::.*)?$/;
const applicationOrigin = /^(?:app|file|tauri|vscode-webview|vscode-file):\/\//;

/** Whether Ollama serves a request with this Origin field; it refuses a page of a foreign site with 403. */
export function isAllowedOrigin(origin: string, host: string): boolean {
  return (
    origin === '' ||
    origin === `http://${host}` ||
    origin === `https://${host}` ||
    localOrigin.test(origin) ||
    applicationOrigin.test(origin)
  );
}
