import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { rawHttp, type RawTarget } from '../support/raw-http.ts';
import { startTestGateway, testServerName, type TestGateway } from '../support/test-gateway.ts';
import { clientFor, protocols, requestsAt, seenBy, targetOf, type Client } from './support/asking.ts';

let gateway: TestGateway;
let narrow: RawTarget;
let ci: RawTarget;

beforeAll(async () => {
  gateway = await startTestGateway();
  narrow = targetOf(gateway, await gateway.identity('narrow'));
  ci = targetOf(gateway, await gateway.identity('ci'));
});
afterAll(() => gateway.stop());
beforeEach(() => gateway.upstream.reset());

const nothing = undefined;
const long = 'a'.repeat(7_000);
const tags = '/api/tags';

/**
 * What a request asks for, byte for byte, and the one path that may reach Ollama for it. `narrow` may call
 * GET /api/tags and GET /v1/models/:model.
 */
const tricks: readonly [name: string, target: string, upstream: string | undefined][] = [
  ['the plain path', '/ollama/api/tags', tags],

  // Queries and fragments
  ['a query', '/ollama/api/tags?name=x', tags],
  ['an empty query', '/ollama/api/tags?', tags],
  ['a second question mark', '/ollama/api/tags??', tags],
  ['a path in the query', '/ollama/api/tags?/../delete', tags],
  ['a line break in the query', '/ollama/api/tags?a=%0d%0aX:y', tags],
  ['an escaped question mark', '/ollama/api/tags%3fname=x', nothing],
  ['an escaped question mark, then dot segments', '/ollama/api/tags%3f/../delete', nothing],
  ['a fragment', '/ollama/api/tags#x', tags],
  ['a fragment before a path', '/ollama/api/tags#/../delete', tags],
  ['an escaped fragment', '/ollama/api/tags%23', nothing],

  // Dot segments
  ['a dot segment', '/ollama/api/./tags', tags],
  ['dot segments that lead to an open route', '/ollama/api/../api/tags', tags],
  ['dot segments from an open to a closed route', '/ollama/api/tags/../delete', nothing],
  ['dot segments out of the prefix', '/ollama/../api/tags', nothing],
  ['dot segments out of the prefix and into it', '/x/../ollama/api/tags', tags],
  ['dot segments over the root', '/../ollama/api/tags', nothing],
  ['escaped dot segments that lead to an open route', '/ollama/api/%2e%2e/api/tags', tags],
  ['escaped dot segments to a closed route', '/ollama/api/tags/%2e%2e/delete', nothing],
  ['half escaped dot segments to a closed route', '/ollama/api/tags/.%2E/delete', nothing],
  ['doubly escaped dot segments', '/ollama/api/tags/%252e%252e/tags', nothing],
  ['dot segments with escaped slashes to a closed route', '/ollama/api/tags/..%2fdelete', nothing],
  ['dot segments with escaped slashes to an open route', '/ollama/api/show/..%2ftags', tags],
  ['three dots', '/ollama/api/.../tags', nothing],
  ['dots behind a name', '/ollama/api/tags..', nothing],
  ['a last dot segment', '/ollama/api/tags/.', nothing],
  ['last dot segments', '/ollama/api/tags/x/..', nothing],

  // Slashes
  ['a slash at the end', '/ollama/api/tags/', nothing],
  ['a doubled slash', '/ollama//api/tags', tags],
  ['a doubled slash in front', '//ollama/api/tags', tags],
  ['many slashes', '/ollama////api////tags', tags],
  ['a host-like start', '//127.0.0.1:11434/api/delete', nothing],
  ['an escaped slash', '/ollama/api%2ftags', tags],
  ['an escaped slash in front of the prefix', '/%2follama/api/tags', tags],
  ['a doubly escaped slash', '/ollama/api%252ftags', nothing],
  ['a backslash', '/ollama/api\\tags', nothing],
  ['an escaped backslash', '/ollama/api%5ctags', nothing],
  ['backslash dot segments', '/ollama/api/tags/..\\delete', nothing],
  ['escaped backslash dot segments', '/ollama/api/tags/..%5cdelete', nothing],
  ['no slash in front', 'ollama/api/tags', nothing],
  ['nothing but the prefix', '/ollama', nothing],

  // Escapes
  ['an escaped letter', '/ollama/api/%74ags', tags],
  ['a doubly escaped letter', '/ollama/api/%2574ags', nothing],
  ['the prefix escaped', '/%6f%6c%6c%61%6d%61/api/tags', tags],
  ['an escape without digits', '/ollama/api/tags%', nothing],
  ['an escape cut short', '/ollama/api/tags%2', nothing],
  ['an escape that is not hexadecimal', '/ollama/api/tags%zz', nothing],
  ['an escape of IIS', '/ollama/api/%u0074ags', nothing],
  ['an escaped NUL', '/ollama/api/tags%00', nothing],
  ['an escaped NUL before more', '/ollama/api/tags%00.json', nothing],
  ['an escaped newline', '/ollama/api/tags%0a', nothing],
  ['an escaped line break', '/ollama/api/tags%0d%0a', nothing],
  [
    'an escaped line break with a request behind it',
    '/ollama/api/tags%20HTTP/1.1%0d%0aHost:%20x%0d%0a%0d%0aDELETE%20/api/delete%20HTTP/1.1%0d%0a',
    nothing,
  ],
  ['an escaped space', '/ollama/api/tags%20', nothing],
  ['an escaped tab', '/ollama/api/tags%09', nothing],
  ['an escaped DEL', '/ollama/api/tags%7f', nothing],
  ['a plus', '/ollama/api/tags+', nothing],
  ['overlong UTF-8 of a slash', '/ollama/api%c0%aftags', nothing],
  ['overlong UTF-8 of a dot', '/ollama/api/tags/%c0%ae%c0%ae/delete', nothing],
  ['overlong UTF-8 of a letter', '/ollama/api/%c1%b4ags', nothing],
  ['a full-width letter', '/ollama/api/%ef%bd%94ags', nothing],
  ['a byte over 127', '/ollama/api/tags\xff', nothing],
  ['a soft hyphen', '/ollama/api/ta%c2%adgs', nothing],

  // Parameters, case, length
  ['a parameter', '/ollama/api/tags;x=1', nothing],
  ['a parameter on the prefix', '/ollama;x=1/api/tags', nothing],
  ['a parameter on dot segments', '/ollama/api/tags/..;/delete', nothing],
  ['the prefix in upper case', '/OLLAMA/api/tags', nothing],
  ['the prefix with a capital', '/Ollama/api/tags', nothing],
  ['the route in upper case', '/ollama/API/TAGS', nothing],
  ['one upper-case letter', '/ollama/api/Tags', nothing],
  ['an extension', '/ollama/api/tags.json', nothing],
  ['a longer name', '/ollama/api/tagsx', nothing],
  ['a shorter name', '/ollama/api/tag', nothing],
  ['a very long path', `/ollama/api/${long}`, nothing],
  ['a very long way to an open route', `/ollama/${long}/../api/tags`, tags],
  ['a very long query', `/ollama/api/tags?${long}`, tags],
  ['nginx variables', '/ollama/api/$args', nothing],
  ['names of the locations of nginx', '/@not_let_in', nothing],

  // The one path with a part of the client's
  ['a model', '/ollama/v1/models/llama3.2:3b', '/v1/models/llama3.2:3b'],
  ['a model and a query', '/ollama/v1/models/llama3.2:3b?x=/api/delete', '/v1/models/llama3.2:3b'],
  ['a model of 128 characters', `/ollama/v1/models/${'m'.repeat(128)}`, `/v1/models/${'m'.repeat(128)}`],
  ['a model of 129 characters', `/ollama/v1/models/${'m'.repeat(129)}`, nothing],
  ['no model', '/ollama/v1/models/', nothing],
  ['a model that is a dot segment', '/ollama/v1/models/..', nothing],
  ['a model that is escaped dot segments', '/ollama/v1/models/%2e%2e', nothing],
  ['a model of three dots', '/ollama/v1/models/...', '/v1/models/...'],
  ['a model with a slash', '/ollama/v1/models/library/llama3', nothing],
  ['a model with an escaped slash', '/ollama/v1/models/library%2fllama3', nothing],
  ['a model with escaped dot segments', '/ollama/v1/models/x%2f..%2f..%2f..%2fapi%2fdelete', nothing],
  ['a model with an escaped backslash', '/ollama/v1/models/x%5cy', nothing],
  ['a model with an escaped letter', '/ollama/v1/models/%6dodel', '/v1/models/model'],
  ['a model with an escaped percent sign', '/ollama/v1/models/x%252e', nothing],
  ['a model with an escaped newline', '/ollama/v1/models/x%0a', nothing],
  ['a model with an escaped line break', '/ollama/v1/models/x%0d%0aHost:y', nothing],
  ['a model with an escaped space', '/ollama/v1/models/x%20HTTP/1.1', nothing],
  ['a model with an escaped NUL', '/ollama/v1/models/x%00', nothing],
  ['a model with an escaped question mark', '/ollama/v1/models/x%3fy', nothing],
  ['a model with an escaped hash', '/ollama/v1/models/x%23y', nothing],
  ['a model with a parameter', '/ollama/v1/models/x;y', nothing],
  ['a model with an at sign', '/ollama/v1/models/x@y', nothing],
  ['a model with a variable', '/ollama/v1/models/$args', nothing],
  ['a model with a letter outside ASCII', '/ollama/v1/models/%c3%a9', nothing],
];

describe.each(protocols)('over %s', (protocol) => {
  let client: Client;
  beforeAll(() => (client = clientFor(protocol, narrow)));
  afterAll(() => client.close());

  test.each(tricks)('%s: only what may be called is reached', async (_name, path, upstream) => {
    const { status } = await client.ask({ method: 'GET', path });
    expect(await seenBy(gateway.upstream)).toEqual(upstream === undefined ? [] : [`GET ${upstream}`]);
    if (upstream === undefined) expect([400, 403]).toContain(status);
    else expect(status).toBe(200);
    // Nothing of the path or the query comes along in a header either.
    for (const { headers } of gateway.upstream.requests)
      expect(headers.map(([name]) => name)).toEqual(['Host', 'X-Request-Id', 'X-Service-Name']);
  });
});

describe('absolute form', () => {
  test.each([
    ['own authority', `https://${testServerName}/ollama/api/tags`, 200],
    ['own authority with a port', `https://${testServerName}:443/ollama/api/tags`, 200],
    ['own authority, http', `http://${testServerName}/ollama/api/tags`, 200],
    ['own authority in upper case', `HTTPS://${testServerName.toUpperCase()}/ollama/api/tags`, 200],
    ['own authority, no path', `https://${testServerName}`, 403],
    ['own authority, a closed route', `https://${testServerName}/ollama/api/delete`, 403],
    ['own authority, dot segments', `https://${testServerName}/ollama/api/tags/../delete`, 403],
    ['foreign authority', 'http://other.test/ollama/api/tags', 421],
    ['the upstream as authority', 'http://127.0.0.1:11434/api/delete', 403],
    ['user information', `https://x@${testServerName}/ollama/api/tags`, 400],
    ['foreign scheme', `ftp://${testServerName}/ollama/api/tags`, 200],
    ['no authority', 'https:///ollama/api/tags', 400],
  ])('%s', async (_name, target, status) => {
    const bytes = `GET ${target} HTTP/1.1\r\nHost: ${testServerName}\r\n\r\n`;
    const { response } = await rawHttp({ ...narrow, bytes });
    expect(response.status).toBe(status);
    expect(await seenBy(gateway.upstream)).toEqual(status === 200 ? ['GET /api/tags'] : []);
  });

  test('foreign Host beside own authority: the target counts, and Ollama sees neither', async () => {
    const bytes = `GET https://${testServerName}/ollama/api/tags HTTP/1.1\r\nHost: other.test\r\n\r\n`;
    expect((await rawHttp({ ...narrow, bytes })).response.status).toBe(200);
    const [request] = await requestsAt(gateway.upstream);
    expect(request?.headers[0]).toEqual(['Host', 'localhost:11434']);
  });
});

const digest = 'a'.repeat(64);
test.each([
  ['with a colon', `sha256:${digest}`, true],
  ['with a hyphen', `sha256-${digest}`, true],
  ['one digit short', `sha256:${digest.slice(1)}`, false],
  ['one digit more', `sha256:${digest}a`, false],
  ['in upper case', `sha256:${digest.toUpperCase()}`, false],
  ['dot segments behind it', `sha256:${digest}/../../delete`, false],
  ['a newline behind it', `sha256:${digest}%0a`, false],
  ['CVE-2024-37032', '../../../../etc/passwd', false],
  ['CVE-2024-37032, escaped', '..%2f..%2f..%2fetc%2fpasswd', false],
])('digest of a blob, %s: forwarded or not', async (_name, path, forwarded) => {
  const bytes = `HEAD /ollama/api/blobs/${path} HTTP/1.1\r\nHost: ${testServerName}\r\n\r\n`;
  const { response } = await rawHttp({ ...ci, bytes });
  expect(await seenBy(gateway.upstream)).toEqual(forwarded ? [`HEAD /api/blobs/${path}`] : []);
  expect(response.status === 200).toBe(forwarded);
});
