import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseConfig } from '../../../lib/config/parse.ts';
import type { StackConfig } from '../../../lib/config/schema.ts';
import { resolve } from '../../../lib/model/resolve.ts';
import type { Deployment } from '../../../lib/model/deployment.ts';
import type { Distribution } from '../../../lib/model/platform.ts';
import { ensurePki } from '../../../lib/pki/inventory.ts';
import { releaseSettings, type ReleaseSettings } from '../../../lib/release/settings.ts';
import { makeUpload, type PemPair, type Upload } from '../../../lib/release/upload.ts';
import type { RenderedFile } from '../../../lib/render/file-tree.ts';
import { render } from '../../../lib/render/render.ts';
import { loadTemplates } from '../../../lib/render/templates.ts';
import { templatesUnderTest } from '../../support/test-gateway.ts';

export const stackName = 'trial';
export const serverName = 'models.example.com';

/** The gateway is what these releases bring: an upstream stands for Ollama, and what guards the machine has own tests. */
const isOfGateway = (path: string): boolean =>
  /^etc\/(?:hardening\/gateway\/|(?:logrotate\.d|systemd\/system)\/hardening-gateway)/.test(path);

/** What a test wants to differ from the usual release: ci and leaver, of generation 1. */
export interface ReleaseOptions {
  /** Services with their part of the configuration. */
  readonly services?: Readonly<Record<string, object>>;
  readonly gateway?: object;
  /** Changes the tree before it is packed. */
  readonly changeTree?: (tree: Map<string, RenderedFile>) => unknown;
  readonly settings?: Partial<ReleaseSettings>;
  readonly revoked?: readonly { readonly service: string; readonly reason: string }[];
  /** Another folder of certificates, so another CA. */
  readonly pki?: string;
}

/** Makes uploads for one machine. */
export interface ReleaseMaker {
  make(options?: ReleaseOptions): Promise<Upload>;
  /** A client's certificate and key, PEM; made at the first call. */
  client(service: string, generation?: number): Promise<PemPair>;
  readonly ca: () => Promise<string>;
}

/** @param folder where certificates are made and kept */
export function releaseMaker(distribution: Distribution, folder: string): ReleaseMaker {
  const pem = async (
    name: string,
    deployment: Deployment,
  ): Promise<{ ca: string; server: PemPair; health: PemPair }> => {
    const { stack, health, certificates } = deployment;
    const identity = { stack, service: health.name, generation: health.generation };
    const pki = await ensurePki(join(folder, name), {
      ...certificates,
      clients: [{ identity, lifetimeDays: 7 }],
    });
    const [own] = pki.clients;
    if (own === undefined) throw new Error('no certificate of the machine');
    return {
      ca: await readFile(pki.ca.certificate, 'utf8'),
      server: await read(pki.server),
      health: await read(own),
    };
  };
  const client = async (service: string, generation = 1): Promise<PemPair> => {
    const deployment = resolve(stackName, stackConfig(distribution, {}));
    const pki = await ensurePki(join(folder, 'own'), {
      ...deployment.certificates,
      clients: [{ identity: { stack: stackName, service, generation }, lifetimeDays: 7 }],
    });
    const [files] = pki.clients;
    if (files === undefined) throw new Error('no certificate of the client');
    return read(files);
  };
  return {
    client,
    ca: async () => (await pem('own', resolve(stackName, stackConfig(distribution, {})))).ca,
    make: async (options = {}) => {
      const stack = stackConfig(distribution, options);
      const deployment = resolve(stackName, stack);
      const tree = new Map(
        [...render(deployment, loadTemplates(templatesUnderTest))].filter(([path]) => isOfGateway(path)),
      );
      options.changeTree?.(tree);
      return makeUpload({
        deployment,
        tree,
        settings: { ...releaseSettings(stackName, stack), ...options.settings },
        ...(await pem(options.pki ?? 'own', deployment)),
        ...(options.revoked === undefined ? {} : { revoked: options.revoked }),
      });
    },
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
