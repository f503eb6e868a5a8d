import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { Deployment, Revocation, Service } from '../model/deployment.ts';
import type { FileTree } from '../render/file-tree.ts';
import { settingsText, type ReleaseSettings } from './settings.ts';

/** A certificate with its private key, both PEM. */
export interface PemPair {
  readonly certificate: string;
  /** A secret. */
  readonly key: string;
}

/** Everything that one release of one machine is made of. */
export interface ReleaseContent {
  readonly deployment: Deployment;
  readonly settings: ReleaseSettings;
  /** The rendered tree of the deployment. */
  readonly tree: FileTree;
  /** The certificates of the CAs that are trusted, PEM, the one that issues first. Their keys never come here. */
  readonly ca: string;
  /**
   * One CRL of each of them, PEM. Left out for a CA: the machine goes on with the one that it has. It is no part of the
   * release's name, since the CRL in force outlives releases. None unless given.
   */
  readonly crl?: string;
  readonly server: PemPair;
  /** The certificate of the machine's own identity, `deployment.health`. */
  readonly health: PemPair;
  /** The client certificates of this release, that of the machine's own identity too. None unless given. */
  readonly issued?: readonly IssuedCertificate[];
}

/** What the machine remembers of a client certificate, so that a CRL can name it when it has left the configuration. */
export interface IssuedCertificate {
  /** The CA's generation, or `external-` and the first 8 hexadecimal digits of the SHA-256 of its DER. */
  readonly authority: string;
  /** The serial number, decimal. */
  readonly serialNumber: string;
  readonly service: string;
  readonly generation: number;
  /** RFC 3339, with Z or an offset. */
  readonly notAfter: string;
}

/** One file of an upload. */
export interface UploadFile {
  readonly content: string;
  readonly mode: 0o600 | 0o644 | 0o755;
}

/** What is brought to a machine to be put in force there. */
export interface Upload {
  /** The release's name: 64 hexadecimal digits that change with everything in it. */
  readonly release: string;
  /** Files by their path in the upload's folder, which must be closed to others (0700): keys are in it. */
  readonly files: ReadonlyMap<string, UploadFile>;
}

/** The folder of the programs that run on the machine, as files of this package. */
const programsDirectory = new URL('machine/', import.meta.url);

/**
 * Makes the upload of a release. Pure but for reading the kit's own programs: the same content gives the same bytes.
 *
 * `programs/activate.sh`, run as root on the machine, puts it in force.
 *
 * @throws {RangeError} for a path or a value that the machine would refuse
 */
export function makeUpload(content: ReleaseContent): Upload {
  const { deployment, tree } = content;
  const open = new Map([
    ['manifest', manifest(tree)],
    ['settings', settingsText(content.settings)],
    ['identities', lines(deployment.services.flatMap(identityLines))],
    ['revoked', lines(deployment.revoked.map(revokedLine))],
    ['issued', issuedText(content.issued ?? [])],
    ...programs(),
  ]);
  const certificates = new Map([
    ['tls/ca.crt', content.ca],
    ['tls/server.crt', content.server.certificate],
    ['tls/health.crt', content.health.certificate],
  ]);
  const release = releaseHash(new Map([...open, ...certificates]));
  const unnamed = new Map([
    ...(content.crl === undefined ? [] : [['tls/ca.crl', content.crl] as const]),
    ['tls/server.key', content.server.key],
    ['tls/health.key', content.health.key],
  ]);
  const withMode = (files: ReadonlyMap<string, string>, mode: UploadFile['mode']): [string, UploadFile][] =>
    [...files].map(([path, text]) => [path, { content: text, mode }]);
  const rendered = [...tree].map(([path, file]): [string, UploadFile] => [`files/${path}`, file]);
  return {
    release,
    files: new Map([
      ...withMode(new Map([['release', `${release}\n`], ...open]), 0o644),
      ...withMode(new Map([...certificates, ...unnamed]), 0o600),
      ...rendered,
    ]),
  };
}

/**
 * The name of a release: the SHA-256 of the lines that sha256sum(1) prints for its files, in the order of their paths
 * in the C locale. The manifest stands for the rendered files, each certificate for its key. The CRL is left out.
 */
function releaseHash(files: ReadonlyMap<string, string>): string {
  const sums = [...files].sort(byPath).map(([path, text]) => `${sha256(text)}  ${path}`);
  return sha256(lines(sums));
}

function identityLines({ name, identities }: Service): string[] {
  return identities.map(({ generation }) => `${requireLine(name, namePattern)} ${String(generation)}`);
}

function revokedLine({ service, generation, date, reason }: Revocation): string {
  return [
    requireLine(service, namePattern),
    generation === undefined ? 'all' : String(generation),
    requireLine(date, /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/),
    requireLine(reason, /^[ -~]{1,400}$/),
  ].join(' ');
}

/**
 * The file `issued`: a line for each certificate, in their order.
 *
 * @throws {RangeError} for a value that the machine would refuse
 */
export function issuedText(issued: readonly IssuedCertificate[]): string {
  return lines(
    issued.map(({ authority, serialNumber, service, generation, notAfter }) =>
      [
        requireLine(authority, /^(?:[1-9][0-9]{0,9}|external-[0-9a-f]{8})$/),
        requireLine(serialNumber, /^[1-9][0-9]{0,49}$/),
        requireLine(service, namePattern),
        String(generation),
        requireLine(notAfter, notAfterPattern),
      ].join(' '),
    ),
  );
}

function manifest(tree: FileTree): string {
  const entries = [...tree].sort(byPath).map(([path, { content, mode }]) => {
    requireLine(path, /^[A-Za-z0-9_@+-][A-Za-z0-9._@+-]*(?:\/[A-Za-z0-9_@+-][A-Za-z0-9._@+-]*)*$/);
    return `${sha256(content)}  0${mode.toString(8)}  /${path}`;
  });
  return lines(entries);
}

function programs(): [path: string, text: string][] {
  return readdirSync(programsDirectory)
    .sort()
    .map((name) => [`programs/${name}`, readFileSync(new URL(name, programsDirectory), 'utf8')]);
}

const notAfterPattern =
  /^[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9](?:Z|[+-][0-2][0-9]:[0-5][0-9])$/;
const namePattern = /^[a-z][a-z0-9-]{0,63}$/;

function requireLine(value: string, pattern: RegExp): string {
  if (!pattern.test(value)) throw new RangeError(`a release cannot hold ${JSON.stringify(value)}`);
  return value;
}

function byPath([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join('');
}
