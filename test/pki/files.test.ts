import { execFileSync } from 'node:child_process';
import builtin, * as fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import {
  createFolders,
  pkiPaths,
  readPem,
  writeCertificate,
  writeKey,
  writePair,
} from '../../lib/pki/files.ts';
import { generateKey, privateKeyPem } from '../../lib/pki/keys.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const key = await generateKey();
const mode = (path: string): string => (fs.lstatSync(path).mode & 0o7777).toString(8).padStart(4, '0');
/** All that is below a folder, with its mode. */
const modes = (folder: string): Record<string, string> =>
  Object.fromEntries(
    fs
      .readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .sort()
      .map((name) => [name, mode(join(folder, name))]),
  );

/** A PKI folder that does not exist yet, inside a temporary one. */
const newPki = () => pkiPaths(join(temporaryFolder(), 'pki'));

test('the layout', () => {
  const paths = pkiPaths('/x');
  expect(paths).toMatchObject({
    root: '/x',
    ca: { certificate: '/x/certs/ca.crt', key: '/x/secrets/ca.key' },
    server: { certificate: '/x/certs/server.crt', key: '/x/secrets/server.key' },
  });
  expect(paths.client({ stack: 'prod', service: 'ci', generation: 2 })).toEqual({
    certificate: '/x/certs/ci-2.crt',
    key: '/x/secrets/ci-2.key',
  });
});

test('an identity cannot leave the folder', () => {
  const paths = pkiPaths('/x');
  expect(() => paths.client({ stack: 'prod', service: '../../etc/x', generation: 1 })).toThrow(RangeError);
});

describe.each(['000', '022', '077', '777'])('under umask %s', (umask) => {
  let before: number;
  beforeEach(() => {
    before = process.umask(umask);
  });
  afterEach(() => {
    process.umask(before);
  });

  test('every folder and file has its mode', () => {
    const folder = temporaryFolder();
    fs.chmodSync(folder, 0o700);
    const paths = pkiPaths(join(folder, 'pki'));
    createFolders(paths);
    writePair(paths.ca, { certificatePem: 'certificate', key });
    expect(modes(folder)).toEqual({
      pki: '0700',
      'pki/certs': '0755',
      'pki/certs/ca.crt': '0644',
      'pki/secrets': '0700',
      'pki/secrets/.gitignore': '0600',
      'pki/secrets/ca.key': '0600',
    });
  });
});

test('a key has its mode from the moment its file is created, before anything is in it', () => {
  const paths = newPki();
  createFolders(paths);
  const before = process.umask(0);
  const open = builtin.openSync;
  const created: string[] = [];
  builtin.openSync = (path, flags, fileMode) => {
    const descriptor = open(path, flags, fileMode);
    if (String(path).startsWith(`${paths.secrets}/`)) created.push(mode(String(path)));
    return descriptor;
  };
  syncBuiltinESMExports();
  onTestFinished(() => {
    process.umask(before);
    builtin.openSync = open;
    syncBuiltinESMExports();
  });
  writeKey(paths.ca.key, key);
  expect(created).toEqual(['0600']);
});

test('folders that exist are narrowed, not replaced', () => {
  const paths = newPki();
  fs.mkdirSync(paths.secrets, { recursive: true });
  fs.writeFileSync(join(paths.secrets, 'mine.key'), 'mine');
  for (const folder of [paths.root, paths.secrets]) fs.chmodSync(folder, 0o777);
  createFolders(paths);
  expect([mode(paths.root), mode(paths.secrets)]).toEqual(['0700', '0700']);
  expect(fs.readFileSync(join(paths.secrets, 'mine.key'), 'utf8')).toBe('mine');
});

describe('writing', () => {
  test.each(['key', 'certificate'] as const)('a %s is not overwritten unless told so', (kind) => {
    const paths = newPki();
    createFolders(paths);
    const path = paths.ca[kind];
    const write = (options?: { overwrite: boolean }): boolean =>
      kind === 'key' ? writeKey(path, key, options) : writeCertificate(path, 'new', options);
    fs.writeFileSync(path, 'old', { mode: 0o640 });
    expect(write()).toBe(false);
    expect(write({ overwrite: false })).toBe(false);
    expect(fs.readFileSync(path, 'utf8')).toBe('old');
    expect(mode(path)).toBe('0640');
    expect(write({ overwrite: true })).toBe(true);
    expect(fs.readFileSync(path, 'utf8')).toBe(kind === 'key' ? privateKeyPem(key) : 'new');
    expect(mode(path)).toBe(kind === 'key' ? '0600' : '0644');
    const ignored = kind === 'key' ? ['.gitignore'] : [];
    expect(fs.readdirSync(join(path, '..')).sort()).toEqual([...ignored, basename(path)]);
  });

  test.each([true, false])('a symbolic link is not followed (overwrite: %s)', (overwrite) => {
    const paths = newPki();
    createFolders(paths);
    const target = join(paths.root, 'target');
    fs.writeFileSync(target, 'precious');
    fs.symlinkSync(target, paths.ca.key);
    expect(writeKey(paths.ca.key, key, { overwrite })).toBe(overwrite);
    expect(fs.readFileSync(target, 'utf8')).toBe('precious');
    expect(fs.lstatSync(paths.ca.key).isSymbolicLink()).toBe(!overwrite);
  });

  test('a dangling symbolic link creates nothing where it points', () => {
    const paths = newPki();
    createFolders(paths);
    fs.symlinkSync(join(paths.root, 'elsewhere'), paths.ca.key);
    expect(writeKey(paths.ca.key, key)).toBe(false);
    expect(fs.existsSync(join(paths.root, 'elsewhere'))).toBe(false);
  });

  test('a full or missing folder is a message with the path, and leaves no temporary file', () => {
    const paths = newPki();
    expect(() => writeKey(paths.ca.key, key)).toThrow(`Cannot write ${paths.ca.key} (ENOENT).`);
    createFolders(paths);
    fs.mkdirSync(paths.ca.key);
    expect(() => writeKey(paths.ca.key, key, { overwrite: true })).toThrow(
      `Cannot write ${paths.ca.key} (EISDIR).`,
    );
    expect(fs.readdirSync(paths.secrets).sort()).toEqual(['.gitignore', 'ca.key']);
  });

  const half = 'the pair is incomplete';
  test.each([
    ['nothing is there', [], undefined],
    ['both are there', ['certificate', 'key'], 'exists already'],
    ['only the key is there', ['key'], half],
    ['only the certificate is there', ['certificate'], half],
  ] as const)('a pair, when %s', (_name, present, message) => {
    const paths = newPki();
    createFolders(paths);
    for (const kind of present) fs.writeFileSync(paths.ca[kind], 'old');
    const write = (overwrite: boolean): void =>
      writePair(paths.ca, { certificatePem: 'new', key }, { overwrite });
    if (message === undefined) expect(() => write(false)).not.toThrow();
    else expect(() => write(false)).toThrow(message);
    for (const kind of present) expect(fs.readFileSync(paths.ca[kind], 'utf8')).toBe('old');
    expect(() => write(true)).not.toThrow();
    expect(fs.readFileSync(paths.ca.certificate, 'utf8')).toBe('new');
  });

  test('what a crash left unfinished goes after an hour, and not before', () => {
    const paths = newPki();
    createFolders(paths);
    const [stale, recent] = [join(paths.secrets, '.unfinished-1'), join(paths.secrets, '.unfinished-2')];
    for (const path of [stale, recent]) fs.writeFileSync(path, 'half a key');
    const twoHoursAgo = new Date(Date.now() - 2 * 60 * 60 * 1000);
    fs.utimesSync(stale, twoHoursAgo, twoHoursAgo);
    createFolders(paths);
    expect(fs.readdirSync(paths.secrets).sort()).toEqual(['.gitignore', '.unfinished-2']);
  });
});

describe('folders that are refused', () => {
  test.each(['root', 'certificates', 'secrets'] as const)('%s as a symbolic link', (which) => {
    const paths = newPki();
    createFolders(paths);
    const moved = `${paths.root}-moved`;
    fs.renameSync(paths[which], moved);
    fs.symlinkSync(moved, paths[which]);
    expect(() => createFolders(paths)).toThrow(`${paths[which]} is a symbolic link`);
  });

  test('a file where a folder should be', () => {
    const paths = newPki();
    fs.writeFileSync(paths.root, '');
    expect(() => createFolders(paths)).toThrow(`${paths.root} is not a folder`);
  });

  test.runIf(process.getuid?.() === 0)("another user's folder (needs root to make one)", () => {
    const paths = newPki();
    createFolders(paths);
    fs.chownSync(paths.secrets, 65534, 65534);
    expect(() => createFolders(paths)).toThrow(`${paths.secrets} belongs to another user`);
  });
});

describe('reading', () => {
  test.each(['0640', '0604', '0660', '0644', '0610', '0777'])(
    'a key with mode %s is refused, with the command that helps',
    (open) => {
      const path = join(temporaryFolder(), "it's a key");
      fs.writeFileSync(path, privateKeyPem(key));
      fs.chmodSync(path, open);
      expect(() => readPem(path, true)).toThrow(
        expect.objectContaining({ fix: `Run: chmod 600 '${path.replace("'", "'\\''")}'` }) as Error,
      );
      fs.chmodSync(path, 0o600);
      expect(readPem(path, true)).toBe(privateKeyPem(key));
      fs.chmodSync(path, 0o400);
      expect(readPem(path, true)).toBe(privateKeyPem(key));
    },
  );

  test.each<[string, (path: string) => void, string]>([
    ['a missing file', () => undefined, 'Cannot read PATH (ENOENT).'],
    ['a symbolic link', (path) => fs.symlinkSync('/dev/null', path), 'PATH is a symbolic link'],
    [
      'a dangling symbolic link',
      (path) => fs.symlinkSync('/nowhere/at/all', path),
      'PATH is a symbolic link',
    ],
    ['a folder', (path) => fs.mkdirSync(path, 0o700), 'PATH is not a regular file'],
    [
      'a huge file',
      (path) => fs.writeFileSync(path, Buffer.alloc(2 ** 24 + 1), { mode: 0o600 }),
      'PATH is not a regular file',
    ],
  ])('%s is refused', (_name, make, message) => {
    const path = join(temporaryFolder(), 'x.pem');
    make(path);
    for (const secret of [true, false]) {
      expect(() => readPem(path, secret)).toThrow(message.replace('PATH', path));
    }
  });

  test('a named pipe is refused, not waited for', () => {
    const path = join(temporaryFolder(), 'x.pem');
    execFileSync('mkfifo', ['-m', '600', path]);
    // In a process of its own: waiting for a writer would stop this one for ever.
    const program = join(import.meta.dirname, 'support', 'read-pem.ts');
    const output = execFileSync(process.execPath, ['--import', 'tsx', program, path], {
      encoding: 'utf8',
      timeout: 50_000,
      killSignal: 'SIGKILL',
    });
    expect(output).toBe(`${path} is not a regular file of at most 16 MiB.\n`);
  });
});
