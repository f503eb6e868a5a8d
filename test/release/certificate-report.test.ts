import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { X509Certificate } from 'node:crypto';
import { exposureLevel } from '../distributions/support/ollama.ts';
import { rootTimeoutMs } from '../distributions/support/root-cache.ts';
import { untilHolds } from '../gateway/support/waiting.ts';
import { bootTarget, distributions, reasonToSkip, type Target } from './support/deployed.ts';
import type { IssuedCertificate } from '../../lib/release/upload.ts';
import { activate, releaseCommand } from './support/target.ts';

const reason = reasonToSkip('certificate-report.test.ts');
const service = 'hardening-certificates.service';
const metrics = '/var/lib/hardening-metrics/hardening-certificates.prom';
const hourMs = 60 * 60 * 1000;
const timeAfterHours = (hours: number): string =>
  new Date(Date.now() + hours * hourMs).toISOString().replace(/\.\d+/, '');

describe.skipIf(reason !== undefined).each(distributions)(
  'the report on certificates on %s',
  (distribution) => {
    let target: Target;
    const client = (name: string, hours: number): IssuedCertificate => ({
      ...{ authority: '1', serialNumber: String(hours + 1000), service: name, generation: 3 },
      notAfter: timeAfterHours(hours),
    });

    beforeAll(async () => {
      target = await bootTarget(distribution);
      const issued = [client('long', 24 * 40), client('soon', 24 * 30 - 1), client('past', -1)];
      expect(await activate(target.machine, await target.maker.make({ issued }))).toMatchObject({ status: 0, stderr: '' }); // prettier-ignore
      await untilHolds(
        async () => (await target.machine.run(['test', '-e', metrics])).status === 0,
        'the metrics',
      );
    }, rootTimeoutMs);
    afterAll(async () => target.stop());

    test('is run by a timer, every day and after an activation', async () => {
      const { machine } = target;
      const timer = [
        'systemctl',
        'show',
        '-p',
        'ActiveState,UnitFileState,Persistent',
        'hardening-certificates.timer',
      ];
      expect((await machine.output(timer)).split('\n').sort()).toEqual(['', 'ActiveState=active', 'Persistent=yes', 'UnitFileState=enabled']); // prettier-ignore
      expect(await machine.output(['systemctl', 'show', '-p', 'TimersCalendar', 'hardening-certificates.timer'])).toMatch(/OnCalendar=\*-\*-\* 00:00:00/); // prettier-ignore
      expect(await machine.output(['systemctl', 'show', '-p', 'Result', '--value', service])).toBe(
        'success\n',
      );
    });

    test('has a line of the journal for each certificate, of a priority by its state', async () => {
      const { machine } = target;
      const json = await machine.output(['journalctl', '-o', 'json', '-t', 'hardening-certificates']);
      const entries = json
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { MESSAGE: string; PRIORITY: string });
      const said = entries.map(({ MESSAGE, PRIORITY }) => [
        PRIORITY,
        MESSAGE.replace(/not_after=20[0-9-]+T[0-9:]+Z/, 'not_after=…'),
      ]);
      expect(said).toEqual([
        [
          '6',
          expect.stringMatching(
            /^certificate=ca kind=ca generation=1 not_after=… ends_in_days=36\d\d state=valid$/,
          ),
        ],
        [
          '6',
          expect.stringMatching(
            /^certificate=server kind=server generation=- not_after=… ends_in_days=8\d state=valid$/,
          ),
        ],
        [
          '4',
          expect.stringMatching(
            /^certificate=health kind=client generation=1 not_after=… ends_in_days=6 state=due$/,
          ),
        ],
        ['6', 'certificate=long kind=client generation=3 not_after=… ends_in_days=39 state=valid'],
        ['4', 'certificate=soon kind=client generation=3 not_after=… ends_in_days=29 state=due'],
        ['3', 'certificate=past kind=client generation=3 not_after=… ends_in_days=-1 state=ended'],
      ]);
    });

    test('has a file for Prometheus in its text format, with the ends to the second', async () => {
      const { machine, maker } = target;
      const text = await machine.output(['cat', metrics]);
      expect(text.endsWith('\n')).toBe(true);
      const [help, type, ...samples] = text.trim().split('\n');
      const name = 'hardening_certificate_not_after_seconds';
      expect(help).toMatch(new RegExp(`^# HELP ${name} \\S`));
      expect(type).toBe(`# TYPE ${name} gauge`);
      const found = samples.map((line) =>
        new RegExp(`^${name}\\{kind="(\\w+)",name="([a-z-]+)",generation="(\\d*)"\\} (\\d+)$`)
          .exec(line)
          ?.slice(1),
      );
      const end = (pem: string): string => String(Date.parse(new X509Certificate(pem).validTo) / 1000);
      const issued = (await machine.output(['cat', '/var/lib/hardening/current/issued'])).split('\n');
      const endOf = (service: string): string =>
        String(Date.parse(issued.find((line) => line.includes(` ${service} `))?.split(' ')[4] ?? '') / 1000);
      expect(found).toEqual([
        ['ca', 'ca', '1', end(await maker.ca())],
        ['server', 'server', '', expect.stringMatching(/^\d{10}$/)],
        ['client', 'health', '1', end((await maker.client('health')).certificate)],
        ...['long', 'soon', 'past'].map((service) => ['client', service, '3', endOf(service)]),
      ]);
      expect(new Set(samples.map((line) => line.split(' ')[0])).size).toBe(samples.length);
      expect((await machine.output(['stat', '-c', '%a %U', metrics])).trim()).toBe('644 hardening-metrics');
    });

    test('names each CA that is trusted, by its number or by its hash', async () => {
      const { machine, maker } = target;
      await maker.ca('ca-2');
      expect(await activate(machine, await maker.make({ alsoTrusted: ['ca-2'] }))).toMatchObject({
        status: 0,
      });
      const [, second = ''] = (await machine.output(['cat', '/var/lib/hardening/current/expiry'])).split(
        '\n',
      );
      expect(second).toMatch(/^ca ca 2 \d{10}$/);
      const label = (subject: string): string => `
      . /var/lib/hardening/current/programs/common.sh; . /var/lib/hardening/current/programs/authorities.sh
      . /var/lib/hardening/current/programs/expiry.sh
      openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /dev/null -subj '${subject}' -out /tmp/ca.pem 2>/dev/null
      authority_label /tmp/ca.pem`;
      const labelled = async (subject: string): Promise<string> =>
        machine.output(['sh', '-c', label(subject)]);
      expect(await labelled('/O=trial/CN=trial hardening CA 17')).toBe('17\n');
      expect(await labelled('/O=trial/CN=Our own root')).toMatch(/^external-[0-9a-f]{8}\n$/);
    });

    test('cannot look into what it has no business with', async () => {
      const { machine } = target;
      const unit = '/etc/systemd/system/hardening-certificates.service';
      expect(await machine.run(['systemd-analyze', 'verify', '--man=no', unit])).toMatchObject({ status: 0 });
      expect(await exposureLevel(machine, unit)).toBe(distribution === 'debian-12' ? 0.4 : 0.2);
      for (const path of ['/var/lib/hardening/state/issued', '/var/lib/hardening/current/tls/server.key']) {
        const read = await machine.run(['setpriv', '--reuid', 'hardening-metrics', '--regid', 'hardening-metrics', '--clear-groups', 'cat', path]); // prettier-ignore
        expect(read).toMatchObject({ status: 1, stdout: '' });
      }
    });

    test('goes with the kit', async () => {
      const { machine } = target;
      expect(await machine.run(releaseCommand('remove'))).toMatchObject({ status: 0, stderr: '' });
      expect((await machine.run(['test', '-e', '/var/lib/hardening-metrics'])).status).toBe(1);
      expect((await machine.run(['getent', 'passwd', 'hardening-metrics'])).status).toBe(2);
    });
  },
);
