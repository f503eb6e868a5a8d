import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseConfig } from '../../../lib/config/parse.ts';
import type { StackConfig } from '../../../lib/config/schema.ts';
import { resolve } from '../../../lib/model/resolve.ts';
import { pkiPaths } from '../../../lib/pki/files.ts';
import { ensurePki } from '../../../lib/pki/inventory.ts';
import { render } from '../../../lib/render/render.ts';
import { startGateway } from '../../../lib/sandbox/gateway.ts';
import { makeMemoryFolder } from '../../../lib/sandbox/memory-folder.ts';
import { findNginx } from '../../../lib/sandbox/nginx-program.ts';
import { workerUser } from '../../../lib/sandbox/worker-user.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { testServerName, type StackInput } from '../../support/test-gateway.ts';

export const stackName = 'test';

/** A real gateway with the files that `hardening bundle` needs to make bundles for it. */
export interface BundledGateway {
  readonly configFile: string;
  readonly pkiDirectory: string;
  readonly folder: string;
  readonly logDirectory: string;
  /** Puts other services in force, and issues what they need. */
  replace(services: StackInput['services']): Promise<void>;
  stop(): Promise<void>;
}

/** Limits that no test meets by accident. */
const wide = { requestsPerSecond: 10_000, burst: 10_000 };

/**
 * Writes a configuration with these services and issues what it needs.
 *
 * @returns the checked stack
 */
export async function prepareStack(
  { configFile, pkiDirectory }: Pick<BundledGateway, 'configFile' | 'pkiDirectory'>,
  port: number,
  services: StackInput['services'],
): Promise<StackConfig> {
  const input = {
    stacks: {
      [stackName]: {
        gateway: { serverNames: [testServerName], listenPort: port },
        limits: { perAddress: wide, perIdentity: { ...wide, concurrentStreams: 100 } },
        log: { accessLogBufferKiB: 0 },
        services,
      },
    },
  };
  await writeFile(configFile, `export default ${JSON.stringify(input)};\n`);
  const stack = parseConfig(input, 'test').stacks[stackName];
  if (stack === undefined) throw new Error('the stack is gone');
  await ensurePki(pkiDirectory, resolve(stackName, stack).certificates);
  return stack;
}

/** Starts a gateway on 127.0.0.1 in front of an upstream there. */
export async function startBundledGateway(
  port: number,
  upstreamPort: number,
  services: StackInput['services'],
): Promise<BundledGateway> {
  const folder = await temporaryFolder();
  const nginx = await findNginx();
  const pki = pkiPaths(join(folder.path, 'pki'));
  const logDirectory = join(folder.path, 'log');
  const runtimeDirectory = await makeMemoryFolder();
  const configFile = join(folder.path, 'hardening.config.ts');
  const placement = {
    listen: { address: '127.0.0.1', port },
    plainListen: undefined,
    upstream: { address: '127.0.0.1', port: upstreamPort },
    workerUser: await workerUser(),
    workerProcesses: 1,
    paths: {
      runtimeDirectory,
      logDirectory,
      serverCertificate: pki.server.certificate,
      serverKey: pki.server.key,
      clientCa: pki.ca.certificate,
      clientCrl: undefined,
    },
  };
  const prepare = async (wanted: StackInput['services']) =>
    render(
      resolve(
        stackName,
        await prepareStack({ configFile, pkiDirectory: pki.root }, port, wanted),
        placement,
        nginx.platform,
      ),
    );
  const gateway = await startGateway(await prepare(services), {
    nginx,
    directory: folder.path,
    logDirectory,
    runtimeDirectory,
    listen: placement.listen,
  });
  return {
    configFile,
    pkiDirectory: pki.root,
    folder: folder.path,
    logDirectory,
    replace: async (wanted) => gateway.replace(await prepare(wanted)),
    stop: async () => {
      await gateway.stop();
      await folder.remove();
    },
  };
}
