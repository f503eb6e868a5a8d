import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rootTimeoutMs } from '../distributions/support/root-cache.ts';
import { bootTarget, distributions, reasonToSkip, type Target } from './support/deployed.ts';
import { activate, call, current, releaseCommand } from './support/target.ts';
import { startUpstream } from './support/upstream.ts';

const reason = reasonToSkip('earlier-release.test.ts');

describe.skipIf(reason !== undefined).each(distributions)(
  'a release of an earlier kit on %s',
  (distribution) => {
    let target: Target;
    let old: string;

    beforeAll(async () => {
      target = await bootTarget(distribution);
      const { machine, maker } = target;
      const tls = 'etc/hardening/gateway/tls.conf';
      const upload = await maker.make({
        changeTree: (tree) =>
          tree.set(tls, {
            content: (tree.get(tls)?.content ?? '').replace(/^ssl_crl .*\n/m, ''),
            mode: 0o644,
          }),
      });
      expect(await activate(machine, upload)).toMatchObject({ status: 0, stderr: '' });
      old = upload.release;
      // What the earlier kit did not have: neither CRLs nor a ledger, and one generation of each service.
      await machine.output([
        'sh',
        '-euc',
        `cd /var/lib/hardening
      release=releases/${old}
      grep -q ssl_crl $release/files/${tls} && exit 1
      rm $release/tls/ca.crl $release/issued $release/expiry crl.pem state/issued state/highest-generations
      sed -i /^drain_seconds=/d $release/settings
      rm -f state/dropped-authorities`,
      ]);
    }, rootTimeoutMs);
    afterAll(async () => target.stop());

    test('serves, and nothing is missing', async () => {
      const { machine } = target;
      expect(await call(machine, 'ci')).toBe(200);
      const { stdout } = await machine.run(releaseCommand('status'));
      expect(stdout).toContain('health ok\n');
      expect(stdout).not.toContain('drift');
    });

    test('is what a first release with CRLs goes back to when it is not healthy', async () => {
      const { machine, maker } = target;
      await target.upstream.stop();
      expect(await activate(machine, await maker.make())).toMatchObject({ status: 1 });
      target.upstream = await startUpstream(machine);
      expect(await current(machine)).toBe(old);
      expect([await call(machine, 'ci'), await call(machine)]).toEqual([200, 401]);
    });

    test('is what a rollback goes back to, and forth again', async () => {
      const { machine, maker } = target;
      const upload = await maker.make({ services: { ci: {} } });
      expect(await activate(machine, upload)).toMatchObject({ status: 0, stderr: '' });
      expect([await call(machine, 'ci'), await call(machine, 'leaver')]).toEqual([200, 401]);
      const back = await machine.run(releaseCommand('rollback'));
      expect(back).toMatchObject({ status: 0, stderr: '' });
      expect(await current(machine)).toBe(old);
      // Whom the later one took out stays out.
      expect([await call(machine, 'ci'), await call(machine, 'leaver')]).toEqual([200, 401]);
      expect((await machine.run(releaseCommand('status'))).stdout).not.toContain('drift');
      expect((await machine.run(releaseCommand('rollback'))).status).toBe(0);
      expect(await current(machine)).toBe(upload.release);
      expect(await call(machine, 'ci')).toBe(200);
    });
  },
);
