import { describe, expect, test } from 'vitest';
import type { HttpOutcome, HttpReply } from '../../lib/probe/http.ts';
import { ollamaEvidence, recognise } from '../../lib/probe/recognise.ts';
import { judgeRefusal } from '../../lib/probe/refusal.ts';

const reply = (
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
  truncated = false,
): HttpReply => {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return { kind: 'reply', status, headers, body: text, bytes: Buffer.from(text), truncated };
};

const model = { name: 'tiny:latest', model: 'tiny:latest', size: 1 };

describe('what shows an Ollama', () => {
  test.each([
    ['its banner', '/', reply(200, 'Ollama is running'), '"Ollama is running"'],
    ['its version', '/api/version', reply(200, { version: '0.17.4' }), 'Ollama 0.17.4'],
    [
      'its version behind a prefix',
      '/ollama/api/version',
      reply(200, { version: '0.17.4' }),
      'Ollama 0.17.4',
    ],
    ['its models', '/api/tags', reply(200, { models: [model] }), '1 model'],
    ['its empty list of models', '/api/tags', reply(200, { models: [] }), '0 models'],
    [
      'its models in the form of OpenAI',
      '/v1/models',
      reply(200, { object: 'list', data: [{}, {}] }),
      '2 models',
    ],
    ['no models in the form of OpenAI', '/v1/models', reply(200, { object: 'list', data: null }), '0 models'],
    [
      'a list longer than what is read',
      '/api/tags',
      reply(200, '{"models":[{"name":"a"', {}, true),
      'a list of models',
    ],
    ['a welcome page', '/', reply(200, '<title>Welcome to nginx!</title>'), undefined],
    ['a page that quotes the banner', '/', reply(200, '<p>Ollama is running</p>'), undefined],
    ['the banner with a 401', '/', reply(401, 'Ollama is running'), undefined],
    [
      'a version with more beside it',
      '/api/version',
      reply(200, { version: '1', gitCommit: 'a' }),
      undefined,
    ],
    ['the models of something else', '/api/tags', reply(200, { models: [], total: 0 }), undefined],
    ['tags that are no models', '/api/tags', reply(200, { tags: [] }), undefined],
    ['a list', '/api/tags', reply(200, []), undefined],
    ['broken JSON', '/api/tags', reply(200, '{"models":['), undefined],
    ['null', '/v1/models', reply(200, 'null'), undefined],
  ])('%s', (_what, path, answer, expected) => {
    expect(ollamaEvidence(path, answer)).toBe(expected);
  });

  test.each([
    ['open-webui', '/', reply(200, '<html><title>Open WebUI</title>')],
    ['open-webui', '/api/config', reply(200, { name: 'Reviews (Open WebUI)' })],
    ['livereview', '/', reply(200, '<title>LiveReview</title>')],
    ['livereview', '/api/version', reply(200, { version: '1.2', gitCommit: 'abc', buildTime: 'x' })],
    ['ollama', '/', reply(200, 'Ollama is running')],
    ['http', '/', reply(200, '<title>Shop</title>')],
    ['http', '/api/version', reply(200, { version: '0.6.5' })],
  ])('%s at %s', (expected, path, answer) => {
    expect(recognise(path, answer)).toBe(expected);
  });
});

describe('what became of a request that must be refused', () => {
  const cases: readonly (readonly [string, HttpOutcome, string])[] = [
    ['401', reply(401, { error: 'no' }), 'refused'],
    [
      'a handshake refused for the certificate',
      { kind: 'tls', detail: 'tlsv13_alert_certificate_required' },
      'refused',
    ],
    ['a handshake refused for another reason', { kind: 'tls', detail: 'wrong_version_number' }, 'unknown'],
    [
      "nginx's 400",
      reply(400, '<title>400 No required SSL certificate was sent</title>'),
      'refused-otherwise',
    ],
    ["Ollama's 400 of broken JSON", reply(400, { error: 'unexpected EOF' }), 'served'],
    ['the 400 of a /v1 route', reply(400, { error: { message: 'unexpected EOF' } }), 'served'],
    ["Ollama's 403 of its Host check", reply(403, ''), 'served'],
    ['a 403 with a page', reply(403, '<title>403 Forbidden</title>'), 'refused-otherwise'],
    ['a list of models', reply(200, { models: [model] }), 'served'],
    ['a page', reply(200, '<title>Hello</title>'), 'answered'],
    ['a redirect', reply(301, '', { location: 'https://x/' }), 'redirect'],
    ['a gateway without its upstream', reply(502, '<title>502</title>'), 'served'],
    ['too many requests', reply(429, ''), 'unknown'],
    ['an overloaded server', reply(503, ''), 'unknown'],
    ['silence', { kind: 'timeout', detail: '' }, 'unknown'],
    ['a hang-up', { kind: 'closed', detail: 'ECONNRESET' }, 'unknown'],
  ];
  test.each(cases)('%s', (_what, outcome, expected) => {
    expect(judgeRefusal('/ollama/api/tags', outcome).refusal).toBe(expected);
  });
});
