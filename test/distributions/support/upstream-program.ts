import { createHash } from 'node:crypto';
import { createServer, request as ask, type IncomingMessage } from 'node:http';
import { startStandIn } from '../../../lib/sandbox/stand-in/index.ts';
import type { SeenRequest } from './upstream.ts';

/**
 * Listens where Ollama does, tells its parent every request and lets a stand-in for Ollama answer it. Ends with its
 * parent.
 */
const standIn = await startStandIn();

const server = createServer((request, response) => {
  void (async () => {
    const body = await read(request);
    const seen: SeenRequest = {
      method: request.method ?? '',
      target: request.url ?? '',
      headers: pairs(request.rawHeaders),
      bodySha256: createHash('sha256').update(body).digest('hex'),
    };
    process.send?.(seen);
    const options = {
      port: standIn.port,
      method: request.method,
      path: request.url,
      headers: request.rawHeaders,
    };
    ask(options, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    }).end(body);
  })();
});
server.listen(11_434, '127.0.0.1', () => process.send?.('listening'));
process.once('disconnect', () => process.exit());

async function read(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

function pairs(flat: readonly string[]): [name: string, value: string][] {
  return flat.flatMap((name, index) => (index % 2 === 0 ? [[name, flat[index + 1] ?? '']] : []));
}
