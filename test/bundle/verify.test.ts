import * as fs from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ForwarderListen } from '../../lib/bundle/forwarder.ts';
import { makeBundle } from '../../lib/bundle/make-bundle.ts';
import { verifyBundle } from '../../lib/bundle/verify/index.ts';
import { loadConfig } from '../../lib/config/load.ts';
import { issueClient } from '../../lib/pki/authority.ts';
import { generateKey, privateKeyPem } from '../../lib/pki/keys.ts';
import { loadAuthority } from '../../lib/pki/load.ts';
import { startStandIn, type StandIn } from '../../lib/sandbox/stand-in/index.ts';
import { freePort } from '../support/free-port.ts';
import { hardening } from './support/command.ts';
import { startBundledGateway, type BundledGateway } from './support/gateway.ts';

let standIn: StandIn;
let gateway: BundledGateway;
let out: string;
let count = 0;

const services = { ci: {}, narrow: { routes: ['POST /api/chat' as const] } };

beforeAll(async () => {
  standIn = await startStandIn();
  gateway = await startBundledGateway(await freePort(), standIn.port, services);
});
afterAll(async () => {
  await gateway.stop();
  await standIn.close();
});
const make = async (service: string, listen?: ForwarderListen): Promise<void> => {
  const { configFile, pkiDirectory } = gateway;
  const stack = (await loadConfig(configFile)).config.stacks['test'];
  if (stack === undefined) throw new Error('the stack is gone');
  await makeBundle({
    ...{ stackName: 'test', stack, configFile, service, generation: undefined, pkiDirectory, listen },
    ...{ terraformOut: '', address: '127.0.0.1', directory: out },
  });
};
beforeEach(async () => {
  out = join(gateway.folder, `bundle-${(count += 1)}`);
  await make('ci');
});

/** Outcome and text by check. */
type Findings = Readonly<Record<string, { readonly outcome: string; readonly text: string }>>;

/** What the command does, without a process for each. */
async function verify({ noticeDays = 14, connects = false } = {}): Promise<Findings> {
  const { findings } = await verifyBundle(out, { noticeDays, connects });
  return Object.fromEntries(findings.map(({ check, ...rest }) => [check, rest]));
}

/** The checks that do not hold. */
const open = (findings: Findings): string[] =>
  Object.entries(findings)
    .filter(([, { outcome }]) => outcome !== 'holds')
    .map(([check, { outcome }]) => `${check} ${outcome}`);

describe('a bundle as it was made', () => {
  test('holds, and so does its gateway', async () => {
    const { code, stdout } = await hardening(['bundle', 'verify', out, '--json', '--connect']);
    expect(code).toBe(0);
    const { findings } = JSON.parse(stdout) as { findings: { check: string; outcome: string }[] };
    expect(findings.map(({ check, outcome }) => `${check} ${outcome}`)).toEqual(
      ['modes', 'pair', 'chain', 'name', 'end', 'forwarder', 'gateway'].map((check) => `${check} holds`),
    );
    expect((await verify())['name']?.text).toBe('serialNumber=1,CN=ci,O=test');
  });

  test('is told in a table without --json', async () => {
    const { code, stdout } = await hardening(['bundle', 'verify', out]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^✔ {2}modes and owners/);
    expect(stdout).toMatch(/ends on \d{4}-\d\d-\d\d, in 8\d days/);
  });

  test('holds for a unix socket as well', async () => {
    await make('ci', { kind: 'socket', group: 'reviewers' });
    expect(open(await verify())).toEqual([]);
  });

  test.runIf(process.getuid?.() === 0)('is no bundle of another user', async () => {
    await fs.chown(join(out, 'current', 'key.pem'), 12_345, 12_345);
    expect(open(await verify())).toEqual(['modes attention']);
  });
});

describe('attention is wanted for', () => {
  const wanted = async (...expected: readonly string[]): Promise<Findings> => {
    const findings = await verify();
    expect(open(findings)).toEqual(expected);
    return findings;
  };

  test.each([
    ['key.pem', 0o640],
    ['host/nginx.conf', 0o604],
    ['.', 0o750],
  ])('a mode that lets others in: %s', async (path, mode) => {
    await fs.chmod(join(out, 'current', path), mode);
    const findings = await wanted('modes attention');
    expect(findings['modes']?.text).toContain(`has mode 0${mode.toString(8)}`);
  });

  test('a key of another certificate', async () => {
    await fs.writeFile(join(out, 'key.pem'), privateKeyPem(await generateKey()));
    const findings = await wanted('pair attention', 'forwarder attention');
    // nginx sees it too.
    expect(findings['forwarder']?.text).toContain('key values mismatch');
  });

  test('a CA of another name', async () => {
    await fs.cp(join(out, 'certificate.pem'), join(out, 'ca.pem'), { dereference: true });
    await wanted('chain attention');
  });

  test('a certificate of another generation', async () => {
    const description = await fs.readFile(join(out, 'bundle.json'), 'utf8');
    await fs.writeFile(join(out, 'bundle.json'), description.replace('serialNumber=1,', 'serialNumber=7,'));
    await wanted('name attention');
  });

  test('an end that is near, as told', async () => {
    expect(open(await verify({ noticeDays: 80 }))).toEqual([]);
    expect(open(await verify({ noticeDays: 365 }))).toEqual(['end attention']);
    expect(await hardening(['bundle', 'verify', out, '--days', '365'])).toMatchObject({ code: 1 });
  });

  test('a configuration that nginx refuses', async () => {
    await fs.appendFile(join(out, 'current/host/proxy.conf'), 'no such directive;\n');
    const findings = await wanted('forwarder attention');
    expect(findings['forwarder']?.text).toContain('unknown directive "no"');
  });
});

describe('with --connect', () => {
  const answer = async () => (await verify({ connects: true }))['gateway'];

  test('a service that may not call that route is let in all the same', async () => {
    out = `${out}-narrow`;
    await make('narrow');
    expect(await answer()).toMatchObject({
      outcome: 'holds',
      text: expect.stringContaining('403') as string,
    });
  });

  test('a revoked certificate is told', async () => {
    await gateway.replace({ ...services, ci: { generation: 2 } });
    expect(await answer()).toMatchObject({
      outcome: 'attention',
      text: expect.stringContaining('401') as string,
    });
    await gateway.replace(services);
    expect(await answer()).toMatchObject({ outcome: 'holds' });
  });

  test('a gateway of another name, of another CA, and none at all', async () => {
    const path = join(out, 'current/bundle.json');
    const text = await fs.readFile(path, 'utf8');
    await fs.writeFile(path, text.replace('"name": "gateway.test"', '"name": "other.test"'));
    expect(await answer()).toMatchObject({
      outcome: 'attention',
      text: expect.stringContaining('other.test') as string,
    });
    await fs.writeFile(path, text.replace(/"port": \d+\n/, `"port": ${await freePort()}\n`));
    expect(await answer()).toMatchObject({
      outcome: 'attention',
      text: expect.stringContaining('ECONNREFUSED') as string,
    });
  });

  test('without the key it cannot be told: exit code 2', async () => {
    await fs.rm(join(out, 'key.pem'));
    await fs.rm(join(out, 'current/key.pem'));
    expect(open(await verify({ connects: true }))).toEqual([
      ...['pair unknown', 'forwarder unknown', 'gateway unknown'],
    ]);
    expect(await hardening(['bundle', 'verify', out, '--connect'])).toMatchObject({ code: 2 });
  });
});

test('a folder that is no bundle is refused with exit code 2', async () => {
  const { code, stderr } = await hardening(['bundle', 'verify', gateway.folder]);
  expect(code).toBe(2);
  expect(stderr).toContain('is not a bundle');
});

test('a certificate that ended is told so', async () => {
  const { certificate, key } = loadAuthority(gateway.pkiDirectory);
  if (key === undefined) throw new Error('the CA has no key');
  const own = await generateKey();
  const pem = await issueClient(
    { certificate, key },
    {
      identity: { stack: 'test', service: 'ci', generation: 1 },
      lifetimeDays: 1,
      now: new Date(),
      publicKey: own,
    },
  );
  await fs.writeFile(join(out, 'certificate.pem'), pem);
  await fs.writeFile(join(out, 'key.pem'), privateKeyPem(own));
  expect(open(await verify())).toEqual(['end attention']);
});
