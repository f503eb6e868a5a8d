import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

/**
 * Returns a TCP port that was free on `host` (default 127.0.0.1) a moment ago, and differs from those returned
 * before by this process. Another program may still take it: where the server under test can bind port 0, let it.
 */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const server = createServer();
    server.listen({ port: 0, host, exclusive: true });
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    if (!given.has(port)) {
      given.add(port);
      return port;
    }
  }
  throw new Error(`no free port on ${host}`);
}

const given = new Set<number>();
