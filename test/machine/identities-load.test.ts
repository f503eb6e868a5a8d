import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rootTimeoutMs } from '../distributions/support/root-cache.ts';
import { bootTarget, reasonToSkip, type Target } from '../release/support/deployed.ts';
import { serialOf, serverName } from '../release/support/release.ts';
import { activate } from '../release/support/target.ts';
import { startClients, type Clients, type Presented } from './support/identities-clients.ts';

const reason = reasonToSkip('identities-load.test.ts');
const revocations = 20;
const staying = ['ci', 'dashboard', 'nightly', 'review'];

describe.skipIf(reason !== undefined)(
  `${staying.length} identities ask while ${revocations} others are revoked`,
  () => {
    let target: Target;
    let clients: Clients;
    const presented = async (service: string, generation = 1): Promise<Presented> => {
      const { certificate, key } = await target.maker.client(service, generation);
      return { address: '127.0.0.1', serverName, certificate, key, ca: await target.maker.ca() };
    };
    /** A release that lets in one generation of the leaver, and lists those before it. */
    const release = async (generation: number): Promise<void> => {
      const { maker, machine } = target;
      const earlier = Array.from({ length: generation - 1 }, (_, index) => maker.client('leaver', index + 1));
      const services = Object.fromEntries(staying.map((name) => [name, {}]));
      const upload = await maker.make({
        services: { ...services, leaver: { generation } },
        gateway: { revocationDrainSeconds: 1 },
        crl: await maker.crl({
          number: generation,
          serialNumbers: (await Promise.all(earlier)).map(serialOf),
        }),
      });
      expect(await activate(machine, upload)).toMatchObject({ status: 0 });
    };

    beforeAll(async () => {
      target = await bootTarget('debian-13');
      clients = await startClients((command) => target.machine.inNetwork(command));
      // Makes the folder of certificates, the CA among them.
      await target.maker.make();
      await release(1);
    }, rootTimeoutMs);
    afterAll(async () => {
      await clients.stop();
      await target.stop();
    });

    test('none of their new requests fails, and each of the others is refused', async () => {
      const identities: Record<string, Presented> = {};
      for (const name of staying) identities[name] = await presented(name);
      await clients.startLoad(identities);
      for (let generation = 1; generation <= revocations; generation += 1) {
        expect((await clients.fresh(await presented('leaver', generation))).status).toBe(200);
        await release(generation + 1);
        expect((await clients.fresh(await presented('leaver', generation))).status).toBe(401);
      }
      const results = await clients.stopLoad();
      const of = (way: 'fresh' | 'kept'): { requests: number; sentAgain: number } => ({
        requests: Object.values(results).reduce((sum, result) => sum + result[way].requests, 0),
        sentAgain: Object.values(results).reduce((sum, result) => sum + result[way].sentAgain, 0),
      });
      const [fresh, kept] = [of('fresh'), of('kept')];
      console.log(
        `${revocations} revocations: ${fresh.requests} requests on new connections, ${kept.requests} on kept-alive ones, ` +
          `of which ${kept.sentAgain} met a connection that nginx was closing and were sent again`,
      );
      expect(Object.keys(results)).toEqual(staying);
      for (const [name, result] of Object.entries(results)) {
        expect({ name, failures: result.fresh.failures }).toEqual({ name, failures: [] });
        expect({ name, failures: result.kept.failures }).toEqual({ name, failures: [] });
        expect(result.fresh.requests).toBeGreaterThan(revocations);
        expect(result.kept.requests).toBeGreaterThan(revocations);
      }
    }, 300_000);
  },
);
