import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensurePki, type Pki } from '../../lib/pki/inventory.ts';
import { makeMemoryFolder } from '../../lib/sandbox/memory-folder.ts';
import { findNginx, type NginxProgram } from '../../lib/sandbox/nginx-program.ts';
import { workerUser } from '../../lib/sandbox/worker-user.ts';
import type { ClientTls } from '../load/messages.ts';
import type { Paths } from './configurations.ts';
import { chooseProcessors, type Processors } from './processors.ts';
import { startProgram, type Program } from './program.ts';

export const stackName = 'bench';
export const serverName = 'gateway.bench';
/** The one service that has a real certificate. */
export const callingService = 'caller';

/** What every server of a measurement shares: folders, certificates, ports. */
export interface Site {
  readonly folder: string;
  readonly nginx: NginxProgram;
  readonly processors: Processors;
  readonly pki: Pki;
  readonly workerUser: { readonly name: string; readonly group: string } | undefined;
  readonly clientTls: ClientTls;
  /** Folders of its own for one server, and the certificates of all. */
  paths(server: string): Promise<Paths>;
  /** Writes a server's configuration file and returns its path. */
  writeConfiguration(server: string, text: string): Promise<string>;
  /** Starts an nginx over a configuration's text; without `processor` where servers under test run. */
  startNginx(server: string, paths: Paths, text: string, port: number, processor?: number): Promise<Program>;
  /** Starts whatever `start` starts and ends it with the site. */
  keep(program: Promise<Program>): Promise<Program>;
  /** Ends everything and removes the folder. */
  close(): Promise<void>;
}

export async function openSite(): Promise<Site> {
  const folder = await mkdtemp(join(tmpdir(), 'hardening-bench-'));
  // nginx's worker is another user where the bench runs as root.
  await chmod(folder, 0o711);
  const nginx = await findNginx();
  const processors = chooseProcessors();
  const pki = await ensurePki(join(folder, 'pki'), {
    stack: stackName,
    ca: { commonName: `${stackName} CA`, lifetimeDays: 3 },
    server: { serverNames: [serverName], addresses: ['127.0.0.1'], lifetimeDays: 1 },
    clients: [{ identity: { stack: stackName, service: callingService, generation: 1 }, lifetimeDays: 1 }],
  });
  const user = await workerUser();
  const client = pki.clients[0];
  if (client === undefined) throw new Error('the client has no certificate');
  const [ca, cert, key, serverCertificate, serverKey] = await Promise.all(
    [pki.ca.certificate, client.certificate, client.key, pki.server.certificate, pki.server.key].map((path) =>
      readFile(path, 'utf8'),
    ),
  );
  const serverPair = join(folder, 'pki', 'secrets', 'server.pem');
  await writeFile(serverPair, `${serverCertificate ?? ''}${serverKey ?? ''}`, { mode: 0o600 });
  const programs: Program[] = [];
  const runtimeDirectories: string[] = [];

  const site: Site = {
    folder,
    nginx,
    processors,
    pki,
    workerUser: user,
    clientTls: { ca: ca ?? '', cert: cert ?? '', key: key ?? '', serverName },
    paths: async (server) => {
      const logDirectory = join(folder, 'log', server);
      await mkdir(logDirectory, { recursive: true });
      const runtimeDirectory = await makeMemoryFolder();
      runtimeDirectories.push(runtimeDirectory);
      return {
        runtimeDirectory,
        logDirectory,
        clientCa: pki.ca.certificate,
        clientCrl: pki.ca.crl,
        serverCertificate: pki.server.certificate,
        serverKey: pki.server.key,
        serverPair,
        userDirective: user === undefined ? '' : `user ${user.name} ${user.group};`,
      };
    },
    writeConfiguration: async (server, text) => {
      const file = join(folder, `${server}.conf`);
      await writeFile(file, text);
      return file;
    },
    startNginx: async (server, paths, text, port, processor = processors.server) => {
      const file = await site.writeConfiguration(server, text);
      return site.keep(
        startProgram(nginx.path, ['-e', 'stderr', '-c', file], {
          port,
          processor,
          temporaryFolder: paths.runtimeDirectory,
        }),
      );
    },
    keep: async (starting) => {
      const program = await starting;
      programs.push(program);
      return program;
    },
    close: async () => {
      await Promise.all(programs.map((program) => program.stop()));
      for (const made of [folder, ...runtimeDirectories]) {
        await rm(made, { recursive: true, force: true, maxRetries: 5 });
      }
    },
  };
  return site;
}
