import { execFile } from 'node:child_process';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSecureContext } from 'node:tls';
import { promisify } from 'node:util';
import { freePort } from '../../test/support/free-port.ts';
import { openConnection } from '../load/connection.ts';
import { nginxWithoutPolicy } from '../servers/configurations.ts';
import { stackOf, writeBenchGateway } from '../servers/gateway.ts';
import { startProgram } from '../servers/program.ts';
import type { Site } from '../servers/site.ts';
import { edit, policyParts, type PolicyPart } from './policy-parts.ts';
import { inference, requestText } from './throughput.ts';

/**
 * What one request costs nginx in instructions outside of the kernel, counted by valgrind: almost the same number at
 * every run, whatever else the machine does. System calls are the same with and without the policy but for one.
 */
export interface InstructionCount {
  /** Undefined for nginx without a policy, an empty text for the whole gateway. */
  readonly without: string | undefined;
  readonly instructions: number;
}

const valgrind = '/usr/bin/valgrind';
const warmUpRequests = 100;
const countedRequests = 400;

/** @returns undefined where valgrind is not installed */
export async function measureInstructions(
  site: Site,
  upstream: number,
): Promise<InstructionCount[] | undefined> {
  if (!(await succeeds(valgrind, ['--version']))) return undefined;
  const single = 'master_process off;';
  const paths = await site.paths('counted-bare');
  const port = await freePort();
  const text = `${single}\n${nginxWithoutPolicy(paths, port, upstream)}`;
  const bare = await site.writeConfiguration('counted-bare', text);
  const counts: InstructionCount[] = [
    {
      without: undefined,
      instructions: await count(site, bare, port, '', paths.runtimeDirectory),
    },
  ];
  const inOneProcess = edit('nginx.conf', [/^daemon off;$/gm, `daemon off;\n${single}`]);
  const whole: PolicyPart = { name: '', without: (tree) => tree };
  for (const [index, { name, without }] of [whole, ...policyParts].entries()) {
    const gateway = await writeBenchGateway(site, `counted-${index}`, stackOf(1), upstream, {
      tree: (tree) => inOneProcess(without(tree)),
    });
    counts.push({
      without: name,
      instructions: await count(
        site,
        gateway.configurationFile,
        gateway.port,
        '/ollama',
        gateway.runtimeDirectory,
      ),
    });
  }
  return counts;
}

/** Counts between two dumps, after a warm-up, on one connection. */
async function count(
  site: Site,
  configurationFile: string,
  port: number,
  prefix: string,
  folder: string,
): Promise<number> {
  const program = await site.keep(
    startProgram(
      valgrind,
      [
        '--tool=callgrind',
        `--callgrind-out-file=${join(folder, 'out')}`,
        site.nginx.path,
        ...['-e', 'stderr', '-c', configurationFile],
      ],
      { port, processor: site.processors.server, temporaryFolder: folder },
    ),
  );
  try {
    let left = 0;
    let done = (): void => undefined;
    let fail: (error: Error) => void = () => undefined;
    const connection = await openConnection({
      port,
      tls: {
        serverName: site.clientTls.serverName,
        secureContext: createSecureContext(site.clientTls),
      },
      request: Buffer.from(requestText({ prefix }, inference), 'latin1'),
      answered: () => {
        left--;
        // A full second later would be a flush of the log: the dump comes right after the last answer.
        if (left === 0) setImmediate(done);
        return left > 0;
      },
      closed: () => fail(new Error('the server closed the connection')),
      failed: (error) => fail(error),
    });
    for (const requests of [warmUpRequests, countedRequests]) {
      await new Promise<void>((resolve, reject) => {
        [left, done, fail] = [requests, resolve, reject];
        connection.start();
      });
      await promisify(execFile)('callgrind_control', ['--dump', String(program.pid)]);
    }
    connection.end();
    return (await totalOfDump(folder, 2)) / countedRequests;
  } finally {
    await program.stop();
  }
}

async function totalOfDump(folder: string, number: number): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const name = (await readdir(folder)).find((file) => file === `out.${number}`);
    const text = name === undefined ? '' : await readFile(join(folder, name), 'utf8');
    const total = /^totals: (\d+)/m.exec(text)?.[1];
    if (total !== undefined) return Number(total);
    await sleep(50);
  }
  throw new Error('valgrind has written no count');
}

async function succeeds(path: string, parameters: readonly string[]): Promise<boolean> {
  return promisify(execFile)(path, parameters).then(
    () => true,
    () => false,
  );
}
