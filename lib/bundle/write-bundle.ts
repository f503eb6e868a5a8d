import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { bundleText } from '../messages/bundle.ts';
import { errorCode } from '../pki/file-errors.ts';
import { makeFolder } from '../render/make-folder.ts';
import { orTell } from '../render/system-errors.ts';
import { bundleDescription, type BundleContent, type BundleDescription } from './content.ts';

/** Files that stand in the bundle's own folder, as links into the version in force. */
const linked = ['bundle.json', 'certificate.pem', 'key.pem', 'ca.pem', 'install.sh'];

const keyFile = 'key.pem';
/** Where the bundle's own link to a key leads. */
const ownLink = `current/${keyFile}`;

/** One that is a file there: it names the version by itself, and what it names is relative to it. */
const composeFile = 'compose.yaml';

/** What writing a bundle did. */
export type WriteOutcome = 'made' | 'renewed' | 'unchanged';

/**
 * Writes a bundle, whole or not at all:
 *
 * ```
 * DIR/                    0700
 *   versions/VERSION/     0700   every file of one version, 0600
 *   current               -> versions/VERSION
 *   certificate.pem …     -> current/certificate.pem …
 *   compose.yaml          0600   names the version
 *   .gitignore            0600   of everything
 * ```
 *
 * A renewal writes another version, moves the link `current` in one step and removes the version before: a reader never
 * finds a key of one and a certificate of the other. All modes hold whatever the umask.
 *
 * @throws UserError for a folder that is something else, or the bundle of another service, or has a key that the host put
 *   there and that this one would replace; nothing is written then
 */
export async function writeBundle(directory: string, content: BundleContent): Promise<WriteOutcome> {
  const root = resolve(directory);
  const before = await findBundle(directory, content.description);
  const key = join(root, keyFile);
  const ownKey = await orTell(
    () => readOwnKey(key),
    (code) => bundleText.unusable(directory, code),
  );
  const newKey = content.files.get(keyFile);
  if (ownKey !== undefined && newKey !== undefined && ownKey !== newKey) throw bundleText.ownKey(key);
  return orTell(
    async () => {
      if (before === undefined) {
        await makeBundle(root, content);
        return 'made';
      }
      return (await renewBundle(root, before, content)) ? 'renewed' : 'unchanged';
    },
    (code) => bundleText.unusable(directory, code),
  );
}

/**
 * What the bundle in a folder says of itself; undefined for a folder that is not there, or is empty.
 *
 * @throws UserError where something else is there, or the bundle of another service
 */
export async function findBundle(
  directory: string,
  { stack, service }: { readonly stack: string; readonly service: string },
): Promise<BundleDescription | undefined> {
  const found = await orTell(
    () => bundleAt(resolve(directory), directory),
    (code) => bundleText.unusable(directory, code),
  );
  if (found !== undefined && (found.service !== service || found.stack !== stack))
    throw bundleText.otherBundle(directory, found.service, found.stack);
  return found;
}

async function bundleAt(root: string, shown: string): Promise<BundleDescription | undefined> {
  const itself = await fs.lstat(root).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (itself === undefined) return undefined;
  const isOwn = process.getuid === undefined || itself.uid === process.getuid();
  if (!itself.isDirectory() || !isOwn) throw bundleText.notBundle(shown);
  if ((await fs.readdir(root)).length === 0) return undefined;
  return readDescription(root).catch(() => {
    throw bundleText.notBundle(shown);
  });
}

/** Reads bundle.json; throws what is wrong with it. */
export async function readDescription(root: string): Promise<BundleDescription> {
  return bundleDescription.parse(JSON.parse(await fs.readFile(join(root, 'bundle.json'), 'utf8')));
}

/** Makes it beside its place, and moves it there. */
async function makeBundle(root: string, content: BundleContent): Promise<void> {
  await makeFolder(dirname(root));
  const draft = join(dirname(root), `.${basename(root)}-${randomBytes(6).toString('hex')}`);
  try {
    await closedFolder(draft);
    await putVersion(draft, content);
    await putForce(draft, content);
    await fs.rename(draft, root);
  } finally {
    await fs.rm(draft, { recursive: true, force: true });
  }
}

/** @returns false where the version was in force already */
async function renewBundle(
  root: string,
  before: BundleDescription,
  content: BundleContent,
): Promise<boolean> {
  await fs.chmod(root, 0o700);
  await putVersion(root, content);
  await putForce(root, content);
  const { version } = content.description;
  for (const name of await fs.readdir(join(root, 'versions')))
    if (name !== version) await fs.rm(join(root, 'versions', name), { recursive: true });
  return before.version !== version;
}

/** A version's folder, whole or not at all. One that is there stays if it is whole. */
async function putVersion(root: string, { description, files }: BundleContent): Promise<void> {
  const versions = join(root, 'versions');
  await closedFolder(versions);
  const place = join(versions, description.version);
  if (await holds(place, files)) return;
  const draft = join(versions, `.${randomBytes(6).toString('hex')}`);
  try {
    await closedFolder(draft);
    for (const [path, text] of files) {
      await closedFolder(dirname(join(draft, path)));
      await writeClosed(join(draft, path), text);
    }
    await fs.rm(place, { recursive: true, force: true });
    await fs.rename(draft, place);
  } finally {
    await fs.rm(draft, { recursive: true, force: true });
  }
}

/** Whether a version's folder has these files with these texts. */
async function holds(place: string, files: BundleContent['files']): Promise<boolean> {
  for (const [path, text] of files) {
    const file = join(place, path);
    const found = await fs.readFile(file, 'utf8').catch(() => undefined);
    if (found !== text) return false;
    await fs.chmod(file, 0o600);
    await fs.chmod(dirname(file), 0o700);
  }
  return true;
}

/** Puts a version in force by one link; the names in the bundle's own folder lead through it. */
async function putForce(root: string, { description, files }: BundleContent): Promise<void> {
  await replaceClosed(join(root, composeFile), files.get(composeFile) ?? '');
  // Beside a configuration in a repository, where nobody means to commit a key.
  await replaceClosed(join(root, '.gitignore'), '*\n');
  // The key of a host that keeps its own stays where that host put it; a link to one that is in no version goes.
  if (!files.has(keyFile) && (await linkAt(join(root, keyFile))) === ownLink)
    await fs.rm(join(root, keyFile));
  await putLink(join(root, 'current'), `versions/${description.version}`);
  for (const name of linked) if (files.has(name)) await putLink(join(root, name), `current/${name}`);
}

/** Where a link leads; undefined for anything else, and where nothing is. */
function linkAt(path: string): Promise<string | undefined> {
  return fs.readlink(path).catch(() => undefined);
}

/** The key that a host has put beside its bundle, as a file or a link; undefined where there is none. */
async function readOwnKey(path: string): Promise<string | undefined> {
  if ((await linkAt(path)) === ownLink) return undefined;
  return fs.readFile(path, 'utf8').catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  });
}

/** Makes a link, or moves one, in one step. */
async function putLink(path: string, target: string): Promise<void> {
  if ((await linkAt(path)) === target) return;
  const draft = join(dirname(path), `.${randomBytes(6).toString('hex')}`);
  await fs.symlink(target, draft);
  await fs.rename(draft, path);
}

/** A folder of mode 0700, whatever the umask. One that is there is closed. */
async function closedFolder(path: string): Promise<void> {
  await fs.mkdir(path, { mode: 0o700 }).catch((error: unknown) => {
    if (errorCode(error) !== 'EEXIST') throw error;
  });
  await fs.chmod(path, 0o700);
}

/** Writes a file of mode 0600 in one step, over what is there. */
async function replaceClosed(path: string, text: string): Promise<void> {
  const draft = join(dirname(path), `.${randomBytes(6).toString('hex')}`);
  await writeClosed(draft, text);
  await fs.rename(draft, path);
}

/** Writes a file that is not there yet, mode 0600 from its first byte on, whatever the umask. */
async function writeClosed(path: string, text: string): Promise<void> {
  const file = await fs.open(path, 'wx', 0o600);
  try {
    await file.chmod(0o600);
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}
