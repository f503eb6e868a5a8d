import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { freePort } from './free-port.ts';

test('a free port can be bound, and is not given twice', async () => {
  const ports = [await freePort(), await freePort(), await freePort()];
  expect(new Set(ports).size).toBe(3);
  for (const port of ports) {
    const server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');
    server.close();
  }
});

test('an address that is not ours is an error', async () => {
  // TEST-NET-1 (RFC 5737): no interface has it.
  await expect(freePort('192.0.2.1')).rejects.toThrow('EADDRNOTAVAIL');
});
