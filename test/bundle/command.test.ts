import { execFile } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import * as fs from 'node:fs/promises';
import { join } from 'node:path';
import { inspect, promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { makeBundle, type BundleWish, type MadeBundle } from '../../lib/bundle/make-bundle.ts';
import { checkMaterial } from '../../lib/bundle/check-material.ts';
import { problemOf } from '../../lib/bundle/from-terraform.ts';
import { materialFromPki } from '../../lib/bundle/from-pki.ts';
import type { StackConfig } from '../../lib/config/schema.ts';
import { UserError } from '../../lib/messages/user-error.ts';
import { issueClient, issueServer, type Authority } from '../../lib/pki/authority.ts';
import { pkiPaths } from '../../lib/pki/files.ts';
import { ensurePki } from '../../lib/pki/inventory.ts';
import { generateKey, privateKeyPem } from '../../lib/pki/keys.ts';
import { loadAuthority } from '../../lib/pki/load.ts';
import { findProgram } from '../../scripts/setup/find-program.mjs';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { hardening } from './support/command.ts';
import { prepareStack } from './support/gateway.ts';

const noTerraform = findProgram('terraform') === undefined;
if (noTerraform) console.warn("command.test.ts: terraform is not installed, so its outputs aren't read");

let folder: TemporaryFolder;
let configFile: string;
let stack: StackConfig;
let pkiDirectory: string;
let authority: Authority;
/** Where each test has its bundle; nothing is there at first. */
let out: string;
let work: string;
let count = 0;

beforeAll(async () => {
  folder = await temporaryFolder();
  configFile = join(folder.path, 'hardening.config.ts');
  pkiDirectory = join(folder.path, 'pki');
  for (const generation of [1, 2])
    stack = await prepareStack({ configFile, pkiDirectory }, 8_443, {
      ci: {},
      other: {},
      moving: { generation, overlap: generation > 1 },
    });
  const { certificate, key } = loadAuthority(pkiDirectory);
  if (key === undefined) throw new Error('the CA has no key');
  authority = { certificate, key };
});
afterAll(() => folder.remove());
beforeEach(async () => {
  work = join(folder.path, `work-${(count += 1)}`);
  await fs.mkdir(work);
  out = join(work, 'bundle');
});

const bundle = (...more: readonly string[]): string[] => [
  ...['bundle', 'ci', '--config', configFile, '--pki', pkiDirectory, '--out', out, ...more],
];
/** What the command does, without a process for each. */
const make = (more: Partial<BundleWish> = {}): Promise<MadeBundle> =>
  makeBundle({
    ...{ stackName: 'test', stack, configFile, service: 'ci', generation: undefined, pkiDirectory },
    ...{ terraformOut: work, listen: undefined, address: undefined, directory: out, ...more },
  });

/** Modes and paths of all that is in the bundle but links. */
async function modes(): Promise<Map<string, string>> {
  const entries = await fs.readdir(out, { recursive: true, withFileTypes: true });
  const paths = [
    out,
    ...entries.filter((entry) => !entry.isSymbolicLink()).map((entry) => join(entry.parentPath, entry.name)),
  ];
  return new Map(
    await Promise.all(
      paths.map(async (path) => [path, ((await fs.lstat(path)).mode & 0o7777).toString(8)] as const),
    ),
  );
}

/** A copy of the PKI folder in which one file has another text. */
async function pkiWith(name: string, text: string): Promise<string> {
  const copy = join(work, 'pki');
  await fs.cp(pkiDirectory, copy, { recursive: true });
  await fs.writeFile(join(copy, name), text, { mode: 0o600 });
  return copy;
}

describe('a bundle', () => {
  test.each(['000', '777'])('has modes 0700 and 0600 with umask %s', async (umask) => {
    // The folder above is the caller's: it must be there, for no umask of 777 makes one that can be used.
    const { code, stderr } = await hardening(bundle(), {}, umask);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const found = await modes();
    expect(found.size).toBeGreaterThan(20);
    for (const [path, mode] of found) {
      const isFolder = (await fs.lstat(path)).isDirectory();
      expect(mode, path).toBe(isFolder ? '700' : '600');
    }
  });

  test('has a pair, its CA and no secret in what is said', async () => {
    const { code, stdout, stderr } = await hardening(bundle('--for-user', 'livereview'));
    expect(code).toBe(0);
    expect(stderr).toBe('');
    const read = (name: string): Promise<string> => fs.readFile(join(out, name), 'utf8');
    const certificate = new X509Certificate(await read('certificate.pem'));
    expect(certificate.checkPrivateKey(createPrivateKey(await read('key.pem')))).toBe(true);
    expect(certificate.checkIssued(new X509Certificate(await read('ca.pem')))).toBe(true);
    expect(stdout).toContain('made ');
    expect(stdout).toContain('for root, livereview');
    const secret = (await read('key.pem')).split('\n')[1] ?? 'none';
    const json = await hardening(bundle('--json'));
    expect(JSON.parse(json.stdout)).toMatchObject({ outcome: 'unchanged', service: 'ci' });
    for (const said of [stdout, json.stdout, await read('bundle.json')]) expect(said).not.toContain(secret);
    const entries = await fs.readdir(join(out, 'current'), { recursive: true, withFileTypes: true });
    const holders = [];
    for (const entry of entries)
      if (entry.isFile() && (await fs.readFile(join(entry.parentPath, entry.name), 'utf8')).includes(secret))
        holders.push(entry.name);
    expect(holders).toEqual(['key.pem']);
  });

  test('is nothing that git would add', async () => {
    await make();
    const git = (...parameters: readonly string[]) =>
      promisify(execFile)('git', ['-C', work, '-c', 'core.excludesFile=/dev/null', ...parameters]);
    await git('init', '--quiet');
    await git('add', '--all');
    expect((await git('status', '--porcelain')).stdout).toBe('');
  });

  test('is the same when it is made again, and keeps how it listens', async () => {
    const listen = { kind: 'loopback' as const, port: 12_000, users: ['livereview'] };
    expect(await make({ listen, address: '192.0.2.7' })).toMatchObject({ outcome: 'made' });
    const before = await fs.readFile(join(out, 'current/host/nginx.conf'), 'utf8');
    expect(await make()).toMatchObject({
      outcome: 'unchanged',
      description: { listen, gateway: { name: 'gateway.test', address: '192.0.2.7', port: 8_443 } },
    });
    expect(await fs.readFile(join(out, 'current/host/nginx.conf'), 'utf8')).toBe(before);
    expect(await make({ listen: { kind: 'socket', group: 'reviewers' } })).toMatchObject({
      outcome: 'renewed',
    });
    expect(await fs.readdir(join(out, 'versions'))).toHaveLength(1);
  });

  test('goes into an empty folder as well, which it closes', async () => {
    await fs.mkdir(out, { mode: 0o755 });
    await make();
    expect((await modes()).get(out)).toBe('700');
  });

  test('never shows a key of one certificate beside another, however often it is renewed', async () => {
    const renew = (generation: number) => make({ service: 'moving', generation });
    await renew(1);
    const reading = { isOver: false };
    let pairs = 0;
    const seen = new Set<string>();
    const reader = (async () => {
      while (!reading.isOver) {
        // As nginx does, which is given a version's own path.
        const version = join(out, await fs.readlink(join(out, 'current')));
        const read = (name: string) => fs.readFile(join(version, name), 'utf8').catch(() => undefined);
        const [certificate, key] = [await read('certificate.pem'), await read('key.pem')];
        if (certificate === undefined || key === undefined) continue;
        const parsed = new X509Certificate(certificate);
        seen.add(parsed.subject);
        expect(parsed.checkPrivateKey(createPrivateKey(key))).toBe(true);
        pairs += 1;
      }
    })();
    for (let turn = 0; turn < 20; turn++) await renew(2 - (turn % 2));
    reading.isOver = true;
    await reader;
    expect(pairs).toBeGreaterThan(10);
    expect(seen.size).toBe(2);
  });

  test('has no key where the host keeps it, and leaves the one that lies beside it alone', async () => {
    await make();
    const pki = join(work, 'pki');
    await fs.cp(pkiDirectory, pki, { recursive: true });
    await fs.rm(join(pki, 'secrets/ci-1.key'));
    const { code, stdout } = await hardening(bundle('--pki', pki));
    expect(code).toBe(0);
    expect(stdout).toContain(`the service's host has it. Put it there as ${out}/key.pem`);
    await expect(fs.lstat(join(out, 'key.pem'))).rejects.toThrow('ENOENT');
    const key = await fs.readFile(join(pkiDirectory, 'secrets/ci-1.key'), 'utf8');
    await fs.writeFile(join(out, 'key.pem'), key, { mode: 0o600 });
    expect(
      await make({ pkiDirectory: pki, listen: { kind: 'loopback', port: 12_001, users: [] } }),
    ).toMatchObject({ outcome: 'renewed', description: { keyIsBeside: true } });
    expect(await fs.readFile(join(out, 'key.pem'), 'utf8')).toBe(key);
    expect(await fs.readFile(join(out, 'compose.yaml'), 'utf8')).toContain('source: ./key.pem');
    expect(await hardening(['bundle', 'verify', out])).toMatchObject({ code: 0 });
  });
});

describe('a key that the host put beside its bundle', () => {
  /** A bundle without a key, beside which the host has put its own. */
  const withOwnKey = async (put: (key: string) => Promise<void>): Promise<void> => {
    const pki = join(work, 'pki');
    await fs.cp(pkiDirectory, pki, { recursive: true });
    await fs.rm(join(pki, 'secrets/ci-1.key'));
    await make({ pkiDirectory: pki });
    await put(join(out, 'key.pem'));
    expect(await make({ pkiDirectory: pki })).toMatchObject({ outcome: 'unchanged' });
  };
  const own = 'the only copy of it';

  test.each<[string, (path: string) => Promise<void>]>([
    ['a file', (path) => fs.writeFile(path, own, { mode: 0o600 })],
    [
      'a link',
      async (path) => {
        await fs.writeFile(join(work, 'elsewhere.pem'), own, { mode: 0o600 });
        await fs.symlink('../elsewhere.pem', path);
      },
    ],
  ])('is not replaced by the one of another mode: %s', async (_what, put) => {
    await withOwnKey(put);
    const before = await modes();
    await expect(make()).rejects.toThrow(/key\.pem is a private key of its own/);
    expect(await fs.readFile(join(out, 'key.pem'), 'utf8')).toBe(own);
    expect(await modes()).toEqual(before);
    await fs.rm(join(out, 'key.pem'));
    expect(await make()).toMatchObject({ outcome: 'renewed' });
  });

  test('becomes a link where it is the same', async () => {
    const key = await fs.readFile(join(pkiDirectory, 'secrets/ci-1.key'), 'utf8');
    await withOwnKey((path) => fs.writeFile(path, key, { mode: 0o600 }));
    expect(await make()).toMatchObject({ outcome: 'renewed' });
    expect(await fs.readlink(join(out, 'key.pem'))).toBe('current/key.pem');
  });
});

describe('nothing is written', () => {
  const nothingWritten = async (): Promise<void> =>
    expect((await fs.readdir(work)).filter((name) => name !== 'pki')).toEqual([]);
  const refused = async (from: string, reason: RegExp): Promise<void> => {
    const error: unknown = await make({ pkiDirectory: from }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UserError);
    expect(String(error)).toMatch(reason);
    expect(inspect(error)).not.toContain('PRIVATE KEY');
    await nothingWritten();
  };
  const client = async (service: string): Promise<{ pem: string; key: string }> => {
    const key = await generateKey();
    const identity = { stack: 'test', service, generation: 1 };
    const pem = await issueClient(authority, { identity, lifetimeDays: 1, now: new Date(), publicKey: key });
    return { pem, key: privateKeyPem(key) };
  };

  test('for a key of another certificate', async () => {
    const other = await fs.readFile(join(pkiDirectory, 'secrets/other-1.key'), 'utf8');
    await refused(await pkiWith('secrets/ci-1.key', other), /key is not the one of the certificate/);
  });

  test('for a certificate of another service', async () => {
    const { pem, key } = await client('other');
    const pki = await pkiWith('certs/ci-1.crt', pem);
    await fs.writeFile(join(pki, 'secrets/ci-1.key'), key);
    await refused(pki, /is for "serialNumber=1,CN=other,O=test", and the configuration says/);
  });

  test('for one that has ended, or has not begun', () => {
    const identity = { stack: 'test', service: 'ci', generation: 1 };
    const material = materialFromPki(pkiDirectory, [], identity);
    const day = 24 * 60 * 60 * 1_000;
    const checked = (inDays: number) =>
      checkMaterial(material, identity, new Date(Date.now() + inDays * day));
    expect(checked(0).daysLeft).toBe(89);
    expect(() => checked(91)).toThrow(/ended on/);
    expect(() => checked(-1)).toThrow(/begins on/);
  });

  test("for the gateway's own certificate", async () => {
    const key = await generateKey();
    const pem = await issueServer(authority, {
      organization: 'test',
      serverNames: ['gateway.test'],
      addresses: [],
      lifetimeDays: 1,
      now: new Date(),
      publicKey: key,
    });
    const pki = await pkiWith('certs/ci-1.crt', pem);
    await fs.writeFile(join(pki, 'secrets/ci-1.key'), privateKeyPem(key));
    await refused(pki, /and the configuration says/);
  });

  test('for a CA that did not issue it, though it has the name', async () => {
    const foreign = join(work, 'pki');
    await ensurePki(foreign, {
      stack: 'test',
      ca: { commonName: 'test hardening CA', lifetimeDays: 30 },
      server: { serverNames: ['gateway.test'], addresses: [], lifetimeDays: 1 },
      clients: [],
    });
    const [from, to] = [pkiPaths(pkiDirectory), pkiPaths(foreign)];
    const identity = { stack: 'test', service: 'ci', generation: 1 };
    await fs.cp(from.client(identity).certificate, to.client(identity).certificate);
    await fs.cp(from.client(identity).key, to.client(identity).key);
    await refused(foreign, /not issued by the CA/);
  });

  test('for a key that others may read', async () => {
    const pki = await pkiWith('certs/x', '');
    await fs.chmod(join(pki, 'secrets/ci-1.key'), 0o640);
    await refused(pki, /mode 0640/);
  });

  test.each<[string, string[], RegExp]>([
    ['a service that is none', ['bundle', 'nobody'], /no service "?'?nobody/],
    ['a generation that is not let in', ['bundle', 'ci', '--generation', '2'], /no generation 2 of ci/],
    ['one that is no number', ['bundle', 'ci', '--generation', '1.5'], /is no generation/],
    ['a port that needs a privilege', ['bundle', 'ci', '--port', '443'], /without privileges/],
    ['a user that cannot be one', ['bundle', 'ci', '--for-user', 'a"; drop'], /no name of a user/],
    [
      'a user and a group',
      ['bundle', 'ci', '--for-user', 'a', '--for-group', 'b'],
      /--for-group makes a unix socket/,
    ],
    ['an address that is none', ['bundle', 'ci', '--address', 'a b'], /no DNS name and no IP/],
    ['a stack that is none', ['bundle', 'ci', '--stack', 'other'], /other/],
  ])('for %s', async (_what, parameters, reason) => {
    const { code, stdout, stderr } = await hardening([
      ...[...parameters, '--config', configFile, '--pki', pkiDirectory, '--out', out],
    ]);
    expect(stderr).toMatch(reason);
    expect(stdout).toBe('');
    expect(code).toBe(2);
    await nothingWritten();
  });

  test.each<[string, (path: string) => Promise<unknown>]>([
    [
      'a folder of something else',
      (path) => fs.mkdir(path).then(() => fs.writeFile(join(path, 'precious'), '')),
    ],
    ['a file', (path) => fs.writeFile(path, 'precious')],
    ['a link to a folder', (path) => fs.symlink(folder.path, path)],
  ])('over %s', async (_what, put) => {
    await put(out);
    await expect(make()).rejects.toThrow('is there and is no bundle');
    expect(await fs.readdir(work)).toEqual(['bundle']);
  });

  test('over the bundle of another service', async () => {
    await make();
    const before = await modes();
    await expect(make({ service: 'other' })).rejects.toThrow('is the bundle of ci of the stack test');
    expect(await modes()).toEqual(before);
  });
});

test('of what terraform says, one line is shown and no credential of a URL', () => {
  // As terraform 1.11 says it of a backend that it does not reach.
  const said = `
╷
│ Warning: Something else
╵

Error: Error loading state:
    Failed to get state: GET http://u:secret@127.0.0.1:1/state?token=secret giving up: Get "http://u:***@127.0.0.1:1/state?token=secret": dial tcp

Terraform failed to load the default state.
`;
  expect(problemOf(said)).toBe(
    'Error: Error loading state: Failed to get state: GET http://127.0.0.1:1 giving up: Get "http://127.0.0.1:1": dial tcp',
  );
});

describe.skipIf(noTerraform)("with a real terraform's outputs", () => {
  /** A state with these outputs; none of them needs a provider. */
  const state = async (outputs: Readonly<Record<string, object>>): Promise<string> => {
    const stack = join(work, 'cdktf.out/stacks/test');
    await fs.mkdir(stack, { recursive: true });
    const output = Object.fromEntries(
      Object.entries(outputs).map(([name, value]) => [name, { value, sensitive: true }]),
    );
    await fs.writeFile(join(stack, 'main.tf.json'), JSON.stringify({ output }));
    const terraform = (...parameters: readonly string[]) =>
      promisify(execFile)('terraform', [`-chdir=${stack}`, ...parameters], {
        env: { ...process.env, CHECKPOINT_DISABLE: '1' },
      });
    await terraform('init', '-input=false');
    await terraform('apply', '-auto-approve', '-input=false');
    return join(work, 'cdktf.out');
  };
  const material = async (service: string, generation: number, withKey = true): Promise<object> => {
    const { certificate, key } = pkiPaths(pkiDirectory).client({ stack: 'test', service, generation });
    return {
      certificate: await fs.readFile(certificate, 'utf8'),
      ...(withKey ? { key: await fs.readFile(key, 'utf8') } : {}),
      ca: await fs.readFile(pkiPaths(pkiDirectory).ca.certificate, 'utf8'),
    };
  };
  const from = (terraformOut: string, more: Partial<BundleWish>): Promise<MadeBundle> =>
    make({ terraformOut, pkiDirectory: undefined, ...more });

  test('takes the generation of the configuration, and the one before on request', async () => {
    const terraformOut = await state({
      client_moving: await material('moving', 2),
      client_moving_previous: await material('moving', 1),
    });
    await expect(from(terraformOut, { service: 'ci' })).rejects.toThrow('has no certificate of ci');
    const { code, stdout } = await hardening([
      ...[
        'bundle',
        'moving',
        '--config',
        configFile,
        '--terraform-out',
        terraformOut,
        '--out',
        out,
        '--json',
      ],
    ]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ generation: 2, outcome: 'made' });
    expect(await from(terraformOut, { service: 'moving', generation: 1 })).toMatchObject({
      outcome: 'renewed',
      description: { generation: 1 },
    });
  });

  test('says so where the configuration is ahead of the state', async () => {
    const terraformOut = await state({ client_moving: await material('moving', 1) });
    await expect(from(terraformOut, { service: 'moving' })).rejects.toThrow(
      'there is no certificate of moving of generation 2; there is generation 1',
    );
  });

  test('says what is wrong where the state cannot be read, and no credential', async () => {
    const terraformOut = await state({ client_ci: await material('ci', 1) });
    const stack = join(terraformOut, 'stacks/test');
    const refused = async (reason: RegExp): Promise<void> => {
      const error: unknown = await from(terraformOut, {}).catch((thrown: unknown) => thrown);
      expect(String(error)).toMatch(reason);
      expect(inspect(error)).not.toMatch(/deploy the stack first|PRIVATE KEY/);
    };
    await fs.writeFile(join(stack, 'terraform.tfstate'), '{');
    await refused(/could not read its output client_ci: Error: Unsupported state file format/);
    const backend = { http: { address: 'http://user:secret@127.0.0.1:1/state?token=secret' } };
    await fs.writeFile(join(stack, 'main.tf.json'), JSON.stringify({ terraform: { backend } }));
    await refused(/client_ci: Error: Backend initialization required/);
    await fs.rm(stack, { recursive: true });
    await expect(from(terraformOut, {})).rejects.toThrow('has no certificate of ci');
  });

  test('has no key in csr mode', async () => {
    const terraformOut = await state({ client_ci: await material('ci', 1, false) });
    expect(await from(terraformOut, {})).toMatchObject({ description: { keyIsBeside: true } });
    expect(await fs.readdir(out)).not.toContain('key.pem');
    expect(await fs.readdir(join(out, 'current'))).not.toContain('key.pem');
  });
});
