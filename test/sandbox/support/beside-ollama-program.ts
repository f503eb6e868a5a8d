// Listens where Ollama does, as one or as something else, and runs a sandbox beside it to its end. Then it prints which
// routes of it were called, as JSON on the last line.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { startStandIn } from '../../../lib/sandbox/stand-in/index.ts';

const port = 11434;
const [what, program, ...parameters] = process.argv.slice(2);
const calls: Record<string, number> = {};
let close: () => unknown;
if (what === 'ollama') {
  const standIn = await startStandIn({ port });
  close = async () => {
    Object.assign(calls, Object.fromEntries(standIn.calls));
    await standIn.close();
  };
} else {
  const server = createServer((request, response) => {
    calls[`${request.method} ${request.url}`] = 1;
    response.end('another program');
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  close = () => server.close();
}
const sandbox = spawn(process.execPath, [program ?? '', 'sandbox', ...parameters], { stdio: 'inherit' });
const [code] = (await once(sandbox, 'exit')) as [number | null];
await close();
process.stdout.write(`\n${JSON.stringify(calls)}\n`);
process.exitCode = code ?? 1;
