import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { sandboxText } from '../messages/sandbox.ts';

/** The address of everything in the sandbox. */
export const loopback = '127.0.0.1';

/** A port, and whether it is another than the one wanted since that was taken. */
export interface ChosenPort {
  readonly port: number;
  readonly wantedWasTaken: boolean;
}

/**
 * Takes `wanted` if nothing listens on it, and a free port of the system's choice otherwise.
 *
 * @throws UserError where the system has none
 */
export async function choosePort(wanted: number, avoid: readonly number[] = []): Promise<ChosenPort> {
  if (!avoid.includes(wanted) && (await bindable(wanted)) !== undefined) {
    return { port: wanted, wantedWasTaken: false };
  }
  for (let attempt = 0; attempt < 20; attempt++) {
    const port = await bindable(0);
    if (port !== undefined && !avoid.includes(port)) return { port, wantedWasTaken: true };
  }
  throw sandboxText.noFreePort();
}

async function bindable(port: number): Promise<number | undefined> {
  const server = createServer();
  server.listen({ host: loopback, port, exclusive: true });
  try {
    await once(server, 'listening');
  } catch {
    return undefined;
  }
  const bound = (server.address() as AddressInfo).port;
  server.close();
  await once(server, 'close');
  return bound;
}
