import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { renderForwarder } from '../../lib/bundle/render-forwarder.ts';
import type { FileTree } from '../../lib/render/file-tree.ts';
import { reasonToSkip } from '../distributions/support/availability.ts';
import { enterRoot, type Machine } from '../distributions/support/machine.ts';
import { debianRoot, debianSuites, rootTimeoutMs } from '../distributions/support/root-cache.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { plainFiles, putOnMachine } from './support/file-places.ts';
import { clean, judge, type Finding } from './support/finding.ts';
import { certificateFiles, prepare, putForwarder, standIns } from './support/linted-machine.ts';
import {
  cloudInitSchema,
  nftCheck,
  nginxTest,
  security,
  sshdTest,
  verify,
} from './support/machine-linters.ts';
import {
  firstBootFiles,
  lintedForwarders,
  lintedStacks,
  lintedUserData,
  machineTree,
  type LintedStack,
} from './support/trees.ts';

const reason = reasonToSkip();
if (reason !== undefined)
  console.warn(`machine.test.ts: nginx, nft, sshd, systemd and cloud-init judge nothing here: it ${reason}`);

/** Ubuntu 24.04 has the files of Debian 12 (test/distributions/syntax.test.ts), and no mirror of its own here. */
const distributions = ['debian-12', 'debian-13'] as const;

const nginxMain = '/etc/hardening/gateway/nginx.conf';
const table = '/etc/hardening/nftables/hardening.nft';
const unitFolder = 'etc/systemd/system';
/** Units of the distribution, or Ollama's, that the kit has drop-ins for. */
const withDropIn = [
  `/${unitFolder}/ollama.service`,
  '/usr/lib/systemd/system/nftables.service',
  '/usr/lib/systemd/system/logrotate.timer',
];
const unitsOf = (files: FileTree): string[] =>
  [...files.keys()]
    .filter(
      (path) => path.startsWith(`${unitFolder}/`) && /^[^/]+\.\w+$/.test(path.slice(unitFolder.length + 1)),
    )
    .map((path) => `/${path}`);
const recovery = 'hardening-recover.service';

/** What `systemd-analyze security` said of every unit, for the waivers. */
const exposed: Finding[] = [];

describe.skipIf(reason !== undefined).each(distributions)('the linters of %s', (distribution) => {
  let root: string;
  let folder: TemporaryFolder;
  let certificates: FileTree;
  beforeAll(async () => {
    root = await debianRoot(debianSuites[distribution], 'host');
    folder = await temporaryFolder();
    certificates = await certificateFiles(folder.path);
  }, rootTimeoutMs);
  afterAll(() => folder.remove());

  const stacks = lintedStacks.filter((one) => one.distribution === distribution);

  /** A machine with the files of a stack, those of its first boot too where it is a droplet. */
  const machineWith = async (one: LintedStack): Promise<{ machine: Machine; files: FileTree }> => {
    const userData = lintedUserData.find(
      ({ stack, distribution: of }) => stack === one.stack && of === distribution,
    );
    const files = new Map([
      ...machineTree(one),
      ...(userData === undefined ? [] : plainFiles(firstBootFiles(userData.cloudConfig))),
    ]);
    const machine = await enterRoot(root);
    await prepare(machine);
    await putOnMachine(machine, new Map([...files, ...standIns(files), ...certificates]));
    return { machine, files };
  };

  describe.each(stacks.map((one) => [one.stack, one] as const))('have nothing to say of %s', (_name, one) => {
    let machine: Machine;
    let files: FileTree;
    beforeAll(async () => ({ machine, files } = await machineWith(one)));
    afterAll(() => machine.stop());

    test('nginx -t', async () => {
      const found = await nginxTest(machine, nginxMain, one.deployment.gateway.openFiles);
      expect(judge('nginx -t', found)).toEqual(clean);
    });

    test('nft -c', async () => {
      const tables = [...files.keys()].filter((path) => path.endsWith('.nft')).map((path) => `/${path}`);
      expect(tables).toContain(table);
      const found = (await Promise.all(tables.map((file) => nftCheck(machine, file)))).flat();
      expect(judge('nft -c', found)).toEqual(clean);
    });

    test('sshd -t', async () => {
      expect(judge('sshd -t', await sshdTest(machine))).toEqual(clean);
    });

    test('systemd-analyze verify', async () => {
      const units = unitsOf(files);
      expect(units.length).toBeGreaterThanOrEqual(6);
      expect(judge('systemd-analyze verify', await verify(machine, [...units, ...withDropIn]))).toEqual(
        clean,
      );
    });

    test('systemd-analyze security, but for what is waived', async () => {
      const services = unitsOf(files).filter((path) => path.endsWith('.service'));
      const found = (await Promise.all(services.map((unit) => security(machine, unit, one.stack)))).flat();
      exposed.push(...found);
      expect(judge('systemd-analyze security', found).left).toEqual([]);
    });
  });

  test.each(
    lintedUserData
      .filter((one) => one.distribution === distribution)
      .map(({ stack, cloudConfig }) => [stack, cloudConfig] as const),
  )('have nothing to say of the user_data of %s: cloud-init schema', async (_stack, cloudConfig) => {
    const machine = await enterRoot(root);
    const text = `#cloud-config\n${JSON.stringify(cloudConfig)}`;
    expect(judge('cloud-init schema', await cloudInitSchema(machine, text))).toEqual(clean);
    await machine.stop();
  });

  test.each(lintedForwarders.map((one) => [one.name, one] as const))(
    'have nothing to say of a forwarder, %s',
    async (_name, one) => {
      const machine = await enterRoot(root);
      await prepare(machine);
      const units = await putForwarder(machine, one, certificates);
      const { folder: version, openFiles } = one.forwarder;
      for (const place of ['host', 'compose']) {
        const found = await nginxTest(machine, `${version}/${place}/nginx.conf`, openFiles);
        expect(judge('nginx -t', found)).toEqual(clean);
      }
      for (const path of renderForwarder(one.forwarder).keys()) {
        if (!path.endsWith('.nft')) continue;
        expect(judge('nft -c', await nftCheck(machine, `${version}/${path}`))).toEqual(clean);
      }
      expect(units).toContain(`/${unitFolder}/hardening-forwarder.service`);
      const verified = await verify(machine, [...units, '/usr/lib/systemd/system/nftables.service']);
      expect(judge('systemd-analyze verify', verified)).toEqual(clean);
      const found = (await Promise.all(units.map((unit) => security(machine, unit, one.name)))).flat();
      exposed.push(...found);
      expect(judge('systemd-analyze security', found).left).toEqual([]);
      await machine.stop();
    },
  );

  test('the unit that takes an activation back is verified too', async () => {
    const machine = await enterRoot(root);
    const text = readFileSync(new URL(`../../lib/release/machine/${recovery}`, import.meta.url), 'utf8');
    await putOnMachine(machine, plainFiles([[`${unitFolder}/${recovery}`, text]]));
    expect(judge('systemd-analyze verify', await verify(machine, [`/${unitFolder}/${recovery}`]))).toEqual(
      clean,
    );
    await machine.stop();
  });

  describe('find what is wrong', () => {
    let machine: Machine;
    let files: FileTree;
    const one = stacks[0];
    beforeAll(async () => {
      if (one === undefined) throw new Error('there is no stack');
      ({ machine, files } = await machineWith(one));
    });
    afterAll(() => machine.stop());

    /** Puts a file with a change in place of one that is there. */
    const spoil = async (path: string, change: (text: string) => string): Promise<void> => {
      const text = files.get(path)?.content;
      if (text === undefined || change(text) === text) throw new Error(`${path} is not spoiled`);
      await machine.write(`/${path}`, change(text), files.get(path)?.mode);
    };

    test('nginx -t: in a file that the main one includes', async () => {
      await spoil('etc/hardening/gateway/routes.conf', (text) => `${text}no_such_directive;\n`);
      const [found] = await nginxTest(machine, nginxMain, one?.deployment.gateway.openFiles ?? 0);
      expect(found?.said).toContain(
        'unknown directive "no_such_directive" in /etc/hardening/gateway/routes.conf',
      );
    });

    test('nginx -t: a warning', async () => {
      await machine.write(
        '/etc/hardening/gateway/routes.conf',
        files.get('etc/hardening/gateway/routes.conf')?.content ?? '',
      );
      const [found] = await nginxTest(machine, nginxMain, 64);
      expect(found?.said).toContain('worker_connections exceed open file resource limit');
    });

    test('nft -c', async () => {
      await spoil(table.slice(1), (text) => text.replace('policy drop;', 'policy perhaps;'));
      expect((await nftCheck(machine, table))[0]?.said).toContain('unexpected string');
    });

    test('sshd -t', async () => {
      await spoil('etc/ssh/sshd_config.d/10-hardening.conf', (text) => `NoSuchOption yes\n${text}`);
      expect((await sshdTest(machine))[0]?.said).toContain('NoSuchOption');
    });

    test('systemd-analyze verify: in a unit and in a drop-in', async () => {
      const unit = `${unitFolder}/hardening-gateway.service`;
      await spoil(unit, (text) => text.replace('[Service]', '[Service]\nNoSuchSetting=1'));
      await spoil(`${unitFolder}/nftables.service.d/50-hardening.conf`, (text) => `${text}NoSuchEither=1\n`);
      const said = (await verify(machine, [`/${unit}`, ...withDropIn])).map((finding) => finding.said).join();
      expect(said).toContain('NoSuchSetting');
      expect(said).toContain('NoSuchEither');
    });

    test('cloud-init schema', async () => {
      const found = await cloudInitSchema(machine, '#cloud-config\n{"runcmd": "not a list"}');
      expect(found.map(({ said }) => said).join()).toContain("runcmd: 'not a list' is not of type 'array'");
    });

    test('systemd-analyze security', async () => {
      const unit = `${unitFolder}/hardening-ollama.service`;
      await spoil(unit, (text) => text.replace('NoNewPrivileges=yes\n', ''));
      const found = judge('systemd-analyze security', await security(machine, `/${unit}`, 'spoiled')).left;
      expect(found.map(({ rule }) => rule)).toEqual(['NoNewPrivileges']);
    });
  });
});

test.skipIf(reason !== undefined)('every waiver of systemd-analyze security is needed', () => {
  expect(judge('systemd-analyze security', exposed)).toEqual(clean);
});
