import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { join, normalize } from 'node:path';

/**
 * A registry of models: answers https://…/v2/PATH with the file at PATH below a folder, from where a Range asks. Tells
 * its parent each path, and where it was asked to begin. `registry-program.ts FOLDER CERTIFICATE KEY`; ends with its
 * parent.
 */
const [folder = '', certificate = '', key = ''] = process.argv.slice(2);

const server = createServer(
  { cert: readFileSync(certificate), key: readFileSync(key) },
  (request, response) => {
    const path = normalize((request.url ?? '').replace(/^\/v2\//, ''));
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    process.send?.(`${path} from ${start}`);
    try {
      const content = readFileSync(join(folder, path.replaceAll(':', '-')));
      response.writeHead(start === 0 ? 200 : 206, {
        'content-length': content.length - start,
        ...(start === 0 ? {} : { 'content-range': `bytes ${start}-${content.length - 1}/${content.length}` }),
      });
      response.end(content.subarray(start));
    } catch {
      response.writeHead(404).end();
    }
  },
);
server.listen({ port: 443, host: '::' }, () => process.send?.('listening'));
process.once('disconnect', () => process.exit());
