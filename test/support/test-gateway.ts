import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseConfig } from '../../lib/config/parse.ts';
import type { ConfigInput } from '../../lib/config/schema.ts';
import { resolve } from '../../lib/model/resolve.ts';
import { ensurePki, type ClientFiles, type Pki } from '../../lib/pki/inventory.ts';
import { pkiPaths } from '../../lib/pki/files.ts';
import { render } from '../../lib/render/render.ts';
import { loadTemplates, templatesDirectory } from '../../lib/render/templates.ts';
import { startGateway } from '../../lib/sandbox/gateway.ts';
import { makeMemoryFolder } from '../../lib/sandbox/memory-folder.ts';
import { findNginx } from '../../lib/sandbox/nginx-program.ts';
import { workerUser } from '../../lib/sandbox/worker-user.ts';
import { freePort } from './free-port.ts';
import { startRecordingUpstream, type RecordingUpstream } from './recording-upstream.ts';
import { temporaryFolder } from './temporary-folder.ts';

export type StackInput = ConfigInput['stacks'][string];

/** The stack's name in every test of the gateway. */
export const testStack = 'test';
/** The gateway's host name in every test. */
export const testServerName = 'gateway.test';

/** Limits that no test meets by accident. */
const wide = { requestsPerSecond: 10_000, burst: 10_000 };

/** Four services with different rights; every line of the log is written at once. */
export const testConfiguration: StackInput = {
  gateway: { serverNames: [testServerName] },
  limits: { perAddress: wide, perIdentity: { ...wide, concurrentStreams: 100 } },
  log: { accessLogBufferKiB: 0 },
  services: {
    ci: {},
    reader: { routes: ['read'] },
    inferrer: { routes: ['inference'] },
    narrow: { routes: ['GET /api/tags', 'POST /api/chat', 'GET /v1/models/:model'] },
  },
};

/** PEM texts for node:tls and paths for curl and openssl. */
export interface TestIdentity extends ClientFiles {
  readonly cert: string;
  readonly keyPem: string;
}

export interface TestGateway {
  readonly port: number;
  readonly plainPort: number;
  readonly upstream: RecordingUpstream;
  readonly pki: Pki;
  /** The CA certificate as PEM. */
  readonly ca: string;
  readonly folder: string;
  readonly logDirectory: string;
  /** nginx's folder in memory, where a body would go that does not fit into its buffer. */
  readonly runtimeDirectory: string;
  /** Process id of nginx's master. */
  readonly pid: number;
  identity(service: string): Promise<TestIdentity>;
  /** Lines of the access log, parsed; throws for one that is not JSON. */
  accessLog(): Promise<Record<string, unknown>[]>;
  errorLog(): Promise<string>;
  /** Puts another configuration in force; issues what it needs. */
  replace(stack: StackInput): Promise<void>;
  stop(): Promise<void>;
}

/** The templates under test: the kit's own, or spoiled ones that the mutation check hands over. */
export const templatesUnderTest = process.env['HARDENING_TEST_TEMPLATES'] ?? templatesDirectory;

/** Starts a real nginx with the rendered files in front of an upstream that records every byte. */
export async function startTestGateway(stack: StackInput = testConfiguration): Promise<TestGateway> {
  const folder = await temporaryFolder();
  const upstream = await startRecordingUpstream();
  const nginx = await findNginx();
  const [port, plainPort] = [await freePort(), await freePort()];
  const paths = pkiPaths(join(folder.path, 'pki'));
  const runtimeDirectory = await makeMemoryFolder();
  const logDirectory = join(folder.path, 'log');
  const placement = {
    listen: { address: '127.0.0.1', port },
    plainListen: { address: '127.0.0.1', port: plainPort },
    upstream: { address: '127.0.0.1', port: upstream.port },
    workerUser: await workerUser(),
    workerProcesses: 1,
    paths: {
      runtimeDirectory,
      logDirectory,
      serverCertificate: paths.server.certificate,
      serverKey: paths.server.key,
      clientCa: paths.ca.certificate,
      clientCrl: paths.crl,
    },
  };
  const prepare = async (input: StackInput) => {
    const checked = parseConfig({ stacks: { [testStack]: input } }, 'test').stacks[testStack];
    if (checked === undefined) throw new Error('the test stack is gone');
    const deployment = resolve(testStack, checked, placement, nginx.platform);
    const made = await ensurePki(paths.root, deployment.certificates);
    return { tree: render(deployment, loadTemplates(templatesUnderTest)), pki: made };
  };
  const first = await prepare(stack);
  let pki = first.pki;
  const gateway = await startGateway(first.tree, {
    nginx,
    directory: folder.path,
    logDirectory,
    runtimeDirectory,
    listen: placement.listen,
  });
  return {
    port,
    plainPort,
    upstream,
    get pki() {
      return pki;
    },
    ca: await readFile(paths.ca.certificate, 'utf8'),
    folder: folder.path,
    logDirectory,
    runtimeDirectory,
    pid: gateway.pid,
    identity: async (service) => {
      const files = pki.clients.find((client) => client.service === service);
      if (files === undefined) throw new Error(`no service ${service}`);
      const [cert, keyPem] = await Promise.all(
        [files.certificate, files.key].map((path) => readFile(path, 'utf8')),
      );
      return { ...files, cert: cert ?? '', keyPem: keyPem ?? '' };
    },
    accessLog: async () =>
      (await readFile(join(logDirectory, 'access.log'), 'utf8'))
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    errorLog: () => readFile(join(logDirectory, 'error.log'), 'utf8'),
    replace: async (input) => {
      const next = await prepare(input);
      await gateway.replace(next.tree);
      pki = next.pki;
    },
    stop: async () => {
      await gateway.stop();
      await upstream.close();
      await folder.remove();
    },
  };
}
