import { relative } from 'node:path';
import { sandboxText } from '../messages/sandbox.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { columns, paint, type Terminal } from '../messages/terminal.ts';

/** What stands where, and lines to copy into another terminal. */
export function sandboxLines(stack: string, sandbox: Sandbox, to: Terminal): string {
  const { gateway, plain, upstream, ca, identities } = sandbox.description();
  const url = `https://${gateway.address}:${gateway.port}`;
  const facts = columns([
    ['  gateway', url],
    ['  plain', plain === null ? 'closed' : `http://${plain.address}:${plain.port} (401 to everything)`],
    ['  upstream', `${upstream.url} (${sandboxText.upstreams[upstream.kind]})`],
    ['  logs', `${near(sandbox.logDirectory)}/access.log`],
    ['  for scripts', near(sandbox.descriptionFile)],
  ]);
  const calls = Object.values(identities).map(
    ({ certificate, key }) =>
      `  curl --cacert ${shell(ca.certificate)} --cert ${shell(certificate)} --key ${shell(key)} ${url}/ollama/api/tags`,
  );
  return [
    paint(to, 'bold', sandboxText.heading(stack)),
    ...facts,
    '',
    paint(to, 'bold', sandboxText.tryIt),
    ...calls,
    sandboxText.withoutCertificate,
    `  curl --cacert ${shell(ca.certificate)} ${url}/ollama/api/tags`,
  ].join('\n');
}

/** A path from the working directory where that is shorter. */
function near(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere.startsWith('..') ? path : fromHere;
}

/** A path as one word of a shell. */
function shell(path: string): string {
  const shown = near(path);
  return /^[A-Za-z0-9_./-]+$/.test(shown) ? shown : `'${shown.replaceAll("'", "'\\''")}'`;
}
