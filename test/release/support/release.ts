import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseConfig } from '../../../lib/config/parse.ts';
import type { StackConfig } from '../../../lib/config/schema.ts';
import { resolve } from '../../../lib/model/resolve.ts';
import type { Deployment } from '../../../lib/model/deployment.ts';
import type { Distribution } from '../../../lib/model/platform.ts';
import { issueCrl } from '../../../lib/pki/crl.ts';
import { ensurePki, type ClientFiles, type Pki } from '../../../lib/pki/inventory.ts';
import { loadAuthority } from '../../../lib/pki/load.ts';
import { serialNumberOf } from '../../../lib/pki/serial-number.ts';
import { releaseSettings, type ReleaseSettings } from '../../../lib/release/settings.ts';
import {
  makeUpload,
  type IssuedCertificate,
  type PemPair,
  type Upload,
} from '../../../lib/release/upload.ts';
import type { RenderedFile } from '../../../lib/render/file-tree.ts';
import { render } from '../../../lib/render/render.ts';
import { loadTemplates } from '../../../lib/render/templates.ts';
import { templatesUnderTest } from '../../support/test-gateway.ts';

export const stackName = 'trial';
export const serverName = 'models.example.com';

/** The gateway is what these releases bring: an upstream stands for Ollama, and what guards the machine has own tests. */
const isOfGateway = (path: string): boolean =>
  /^etc\/(?:hardening\/gateway\/|(?:logrotate\.d|systemd\/system)\/hardening-(?:gateway|certificates))/.test(
    path,
  ) || path === 'usr/local/lib/hardening/report-certificates';

/** What a test wants to differ from the usual release: ci and leaver, of generation 1. */
export interface ReleaseOptions {
  /** Services with their part of the configuration. */
  readonly services?: Readonly<Record<string, object>>;
  readonly gateway?: object;
  /** Changes the tree before it is packed. */
  readonly changeTree?: (tree: Map<string, RenderedFile>) => unknown;
  readonly settings?: Partial<ReleaseSettings>;
  /** In place of what the configuration says, which lets no such service in. */
  readonly revoked?: Deployment['revoked'];
  /** Another folder of certificates, so another CA. One that is named after a number has that in its name. */
  readonly pki?: string;
  /** Folders of CAs that are trusted as well. */
  readonly alsoTrusted?: readonly string[];
  /** In place of empty CRLs of all trusted CAs with the number 1; null: none. */
  readonly crl?: string | null;
  /** In place of the certificates that its services have. */
  readonly issued?: readonly IssuedCertificate[];
}

/** What a CRL of a test says. */
export interface TrialCrl {
  readonly number: number;
  readonly serialNumbers?: readonly bigint[];
  readonly pki?: string;
  readonly now?: Date;
  readonly nextUpdate?: Date;
  readonly revocationDate?: Date;
}

/** Makes uploads for one machine. */
export interface ReleaseMaker {
  make(options?: ReleaseOptions): Promise<Upload>;
  /** A client's certificate and key, PEM; made at the first call. */
  client(service: string, generation?: number, pki?: string): Promise<PemPair>;
  readonly ca: (pki?: string) => Promise<string>;
  crl(content: TrialCrl): Promise<string>;
}

/** @param folder where certificates are made and kept */
export function releaseMaker(distribution: Distribution, folder: string): ReleaseMaker {
  const emptyCrls = new Map<string, string>();
  const ensure = (
    name: string,
    deployment: Deployment,
    identities: readonly { readonly service: string; readonly generation: number }[],
  ): Promise<Pki> => {
    const number = /\d+$/.exec(name)?.[0];
    const { ca, ...certificates } = deployment.certificates;
    return ensurePki(join(folder, name), {
      ...certificates,
      ca: { ...ca, ...(number === undefined ? {} : { commonName: `${stackName} hardening CA ${number}` }) },
      clients: identities.map((identity) => ({
        identity: { stack: stackName, ...identity },
        lifetimeDays: 7,
      })),
    });
  };
  const usual = (): Deployment => resolve(stackName, stackConfig(distribution, {}));
  const ca = async (name = 'own'): Promise<string> =>
    readFile((await ensure(name, usual(), [])).ca.certificate, 'utf8');
  const crl = async ({ number, serialNumbers = [], pki = 'own', ...content }: TrialCrl): Promise<string> => {
    const { certificate, key } = loadAuthority(join(folder, pki));
    if (key === undefined) throw new Error('the CA has no key');
    const now = content.now ?? new Date();
    const { revocationDate = now } = content;
    return issueCrl(
      { certificate, key },
      {
        number: BigInt(number),
        revoked: serialNumbers.map((serialNumber) => ({ serialNumber, revocationDate })),
        now,
        ...(content.nextUpdate === undefined ? {} : { nextUpdate: content.nextUpdate }),
      },
    );
  };
  const emptyCrl = async (pki: string): Promise<string> => {
    const known = emptyCrls.get(pki) ?? (await crl({ number: 1, pki }));
    emptyCrls.set(pki, known);
    return known;
  };
  return {
    ca,
    crl,
    client: async (service, generation = 1, pki = 'own') => {
      const [files] = (await ensure(pki, usual(), [{ service, generation }])).clients;
      if (files === undefined) throw new Error('no certificate of the client');
      return read(files);
    },
    make: async (options = {}) => {
      const stack = stackConfig(distribution, options);
      const resolved = resolve(stackName, stack);
      const deployment = { ...resolved, revoked: options.revoked ?? resolved.revoked };
      const tree = new Map(
        [...render(deployment, loadTemplates(templatesUnderTest))].filter(([path]) => isOfGateway(path)),
      );
      options.changeTree?.(tree);
      const { health, services } = deployment;
      const pki = options.pki ?? 'own';
      const { server, clients } = await ensure(pki, deployment, [
        { service: health.name, generation: health.generation },
        ...services.flatMap(({ name, identities }) =>
          identities.map(({ generation }) => ({ service: name, generation })),
        ),
      ]);
      const [own] = clients;
      if (own === undefined) throw new Error('no certificate of the machine');
      const trusted = [pki, ...(options.alsoTrusted ?? [])];
      const authorities = (await Promise.all(trusted.map(ca))).join('');
      const crls =
        options.crl === undefined ? (await Promise.all(trusted.map(emptyCrl))).join('') : options.crl;
      return makeUpload({
        deployment,
        tree,
        settings: { ...releaseSettings(stackName, stack), ...options.settings },
        ca: authorities,
        ...(crls === null ? {} : { crl: crls }),
        server: await read(server),
        health: await read(own),
        issued: options.issued ?? clients.map((files) => issuedCertificate(files, trusted[0] ?? '')),
      });
    },
  };
}

export const serialOf = ({ certificate }: PemPair): bigint =>
  serialNumberOf(new X509Certificate(certificate));

/** A certificate of a folder, as the ledger has it. */
function issuedCertificate(files: ClientFiles, pki: string): IssuedCertificate {
  const { service, generation } = files;
  const certificate = new X509Certificate(readFileSync(files.certificate));
  return {
    authority: /\d+$/.exec(pki)?.[0] ?? '1',
    serialNumber: String(serialNumberOf(certificate)),
    service,
    generation,
    notAfter: new Date(certificate.validTo).toISOString().replace(/\.\d+/, ''),
  };
}

function stackConfig(distribution: Distribution, { services, gateway }: ReleaseOptions): StackConfig {
  const input = {
    target: { distribution },
    gateway: { serverNames: [serverName], ...gateway },
    services: services ?? { ci: {}, leaver: {} },
    ollama: { isolation: 'loopback' },
  };
  const stack = parseConfig({ stacks: { [stackName]: input } }, 'test').stacks[stackName];
  if (stack === undefined) throw new Error('the stack is gone');
  return stack;
}

async function read(files: { readonly certificate: string; readonly key: string }): Promise<PemPair> {
  return { certificate: await readFile(files.certificate, 'utf8'), key: await readFile(files.key, 'utf8') };
}
