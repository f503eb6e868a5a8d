import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rootTimeoutMs } from '../distributions/support/root-cache.ts';
import { bootTarget, distributions, reasonToSkip, type Target } from './support/deployed.ts';
import { activate, kit, releaseCommand } from './support/target.ts';

const reason = reasonToSkip('secrets.test.ts');

/** Takes the place of a program: writes its arguments and environment down, then is the program. */
const witness = (program: string): string =>
  ['#!/bin/sh', `{ printf '%s\\n' "$0" "$@"; env; } >>/root/witness`, `exec ${program} "$@"`, ''].join('\n');

describe.skipIf(reason !== undefined).each(distributions)('the keys of a release on %s', (distribution) => {
  let target: Target;

  beforeAll(async () => {
    target = await bootTarget(distribution);
    for (const name of ['curl', 'openssl', 'setpriv', 'unshare', 'systemctl', 'install']) {
      await target.machine.write(`/usr/local/sbin/${name}`, witness(`/usr/bin/${name}`), 0o755);
    }
  }, rootTimeoutMs);
  afterAll(async () => target.stop());

  test('are in no argument and no environment of a program, and in nothing that is printed', async () => {
    const { machine, maker } = target;
    const upload = await maker.make();
    const bodies = [...upload.files.values()].flatMap(({ content }) =>
      content.includes('PRIVATE KEY') ? [content.split('\n')[1] ?? ''] : [],
    );
    expect(bodies).toHaveLength(2);
    const unhealthy = await maker.make({
      gateway: { listenPort: 444 },
      changeTree: (tree) => tree.delete('etc/hardening/gateway/log.conf'),
    });
    const printed = [];
    for (const one of [upload, upload, unhealthy]) {
      const { stdout, stderr } = await activate(machine, one);
      printed.push(stdout, stderr);
    }
    printed.push((await machine.run(releaseCommand('status', '--json'))).stdout);
    printed.push(await machine.output(['cat', '/root/witness', `${kit}/state/last-activation`]));
    printed.push(await machine.output(['journalctl', '--output=cat']));
    const said = printed.join('\n');
    expect(said).toContain('/usr/local/sbin/curl');
    for (const body of bodies) expect(said).not.toContain(body);
  });

  test('are root’s and the gateway’s alone', async () => {
    const { machine } = target;
    const modes = await machine.output([
      'sh',
      '-c',
      `cd ${kit}/current && stat -L -c '%a %U:%G %n' tls tls/* ../../state/. ../../incoming/.`,
    ]);
    expect(modes.trim().split('\n')).toEqual([
      '750 root:hardening-gateway tls',
      '644 root:root tls/ca.crl',
      '640 root:hardening-gateway tls/ca.crt',
      '600 root:root tls/health.crt',
      '600 root:root tls/health.key',
      '640 root:hardening-gateway tls/server.crt',
      '640 root:hardening-gateway tls/server.key',
      '700 root:root ../../state/.',
      '700 root:root ../../incoming/.',
    ]);
    const find = ['find', '/', '-xdev', '-name', '*.key', '-path', '*hardening*', '-perm', '/007'];
    expect(await machine.output(find)).toBe('');
  });
});
