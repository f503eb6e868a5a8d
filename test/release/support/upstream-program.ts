import { createReadStream } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';

/**
 * Answers where Ollama listens. A generated text begins at once and ends when the parent says so, so that a stream
 * lasts for as long as a test needs it. It has an archive too, the file that is its argument. Ends with its parent.
 */
const streams = new Set<ServerResponse>();

const server = createServer((request, response) => {
  request.resume();
  if (request.url === '/api/generate') {
    response.writeHead(200, { 'Content-Type': 'application/x-ndjson' });
    response.write('{"response":"begun","done":false}\n');
    streams.add(response);
    response.once('close', () => streams.delete(response));
    return;
  }
  if (request.url === '/ollama.tgz') {
    createReadStream(process.argv[2] ?? '').pipe(response);
    return;
  }
  response.writeHead(200, { 'Content-Type': 'application/json' });
  response.end(request.url === '/api/version' ? '{"version":"0.0.0"}' : '{"models":[]}');
});
server.listen(11_434, '127.0.0.1', () => process.send?.('listening'));
process.on('message', () => {
  for (const stream of streams) stream.end('{"response":"ended","done":true}\n');
});
process.once('disconnect', () => process.exit());
