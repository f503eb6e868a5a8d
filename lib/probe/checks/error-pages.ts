import { fail, finding, pass, unknown, type Check } from '../check.ts';
import { clean } from '../clean.ts';
import type { Ask } from '../context.ts';
import { isReply, type HttpReply } from '../http.ts';
import { ollamaError } from '../recognise.ts';
import type { FindingSeed } from '../types.ts';

// "nginx/1.22.1", "Apache/2.4", "OpenSSL/3.0.2": a program's name, a slash, a number.
const softwareVersion = /\b[A-Za-z][A-Za-z_.-]{1,30}\/\d+(?:\.\d+)+[\w.-]*/;
const tellingHeaders = ['server', 'x-powered-by', 'via', 'x-aspnet-version'] as const;

function versionIn(reply: HttpReply): string | undefined {
  for (const name of tellingHeaders) {
    const value = reply.headers[name];
    if (typeof value !== 'string') continue;
    const isTelling = name.startsWith('x-') || softwareVersion.test(value);
    if (isTelling) return `${name}: ${clean(value, 80)}`;
  }
  const isPage = /html/i.test(reply.headers['content-type'] ?? '') && reply.status >= 300;
  const inBody = isPage ? softwareVersion.exec(reply.body)?.[0] : undefined;
  return inBody === undefined ? undefined : `the page of a ${reply.status}: ${clean(inBody, 80)}`;
}

/** What the answers of both ports give away: refusals, unknown paths, and a request that is refused before it is read. */
export const errorPages: Check = {
  id: 'error-pages',
  title: 'Refusals give nothing away',
  area: 'stranger',
  needs: 'gateway',
  run: async (context) => {
    const { gateway, plain, target } = context;
    const asks: Ask[] = [];
    for (const scan of [gateway, plain]) {
      if (scan?.report.state !== 'open') continue;
      const to = { port: scan.report.port, tls: scan.report.tls };
      asks.push({ ...to, path: '/ollama/api/tags' });
      asks.push({ ...to, path: '/no-such-path' });
      // An empty Host header is refused while the request is read (RFC 9112 section 3.2), by the server's own page.
      asks.push({ ...to, path: '/', hostHeader: '' });
      // Longer than the header buffers of nginx (large_client_header_buffers, 8 KiB): its own page again.
      asks.push({ ...to, path: '/', headers: { 'x-long': 'a'.repeat(10_000) } });
    }
    // What a browser gets that speaks HTTP to the TLS port: error 497.
    if (gateway.report.tls) asks.push({ port: target.gatewayPort, tls: false, path: '/' });
    const answers = await Promise.all(asks.map(async (ask) => ({ ask, outcome: await context.ask(ask) })));
    const findings = new Map<string, FindingSeed>();
    const note = (id: Parameters<typeof finding>[0], seen: string, port: number): void => {
      const key = `${id} ${port}`;
      if (!findings.has(key)) findings.set(key, finding(id, seen, port));
    };
    let replies = 0;
    for (const { ask, outcome } of answers) {
      if (!isReply(outcome)) continue;
      replies += 1;
      const port = ask.port ?? target.gatewayPort;
      const version = versionIn(outcome);
      if (version !== undefined) note('software-version-shown', version, port);
      if (outcome.status === 401 && ollamaError(outcome) === undefined) {
        const type = outcome.headers['content-type'] ?? 'no content type';
        note('unauthorized-body-not-json', `${ask.path}: 401 with ${clean(type, 60)}`, port);
      }
    }
    if (replies === 0) return unknown('no answer to judge');
    const seen = [...new Set([...findings.values()].map((found) => found.seen))].join('; ');
    return findings.size > 0
      ? fail(seen, [...findings.values()])
      : pass(`${replies} answers without a version, 401s in JSON`);
  },
};
