import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  defaultReply,
  startStandIn,
  standInVersion,
  type StandIn,
} from '../../lib/sandbox/stand-in/index.ts';
import { freePort } from '../support/free-port.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { installTimeoutMs, reasonForNoPython } from '../support/python-packages.ts';
import { npmClients, pythonClients } from './support/clients.ts';
import { startBundledGateway, type BundledGateway } from './support/gateway.ts';
import { startLocalForwarder, type LocalForwarder } from './support/local-forwarder.ts';

const run = promisify(execFile);
const ollamaProgram = process.env['OLLAMA_BIN'];
if (ollamaProgram === undefined)
  console.warn('clients.test.ts: the ollama command is not tried: OLLAMA_BIN is not set');
const noPython = reasonForNoPython();
if (noPython !== undefined) console.warn(`clients.test.ts: PyPI's ollama is not tried: ${noPython}`);

let standIn: StandIn;
let gateway: BundledGateway;
let forwarder: LocalForwarder;

beforeAll(async () => {
  standIn = await startStandIn({ tokenDelayMs: 2 });
  gateway = await startBundledGateway(await freePort(), standIn.port, { 'live-review': {} });
  forwarder = await startLocalForwarder(gateway, 'live-review');
});
afterAll(async () => {
  // Whatever the clients were told, nothing that changes models came through.
  expect(standIn.callsByClass).toMatchObject({ mutating: 0, account: 0 });
  await forwarder.stop();
  await gateway.stop();
  await standIn.close();
});

/** What a client is started with: where its Ollama is, and no way around by a proxy. */
const environment = (): NodeJS.ProcessEnv => ({
  ...process.env,
  OLLAMA_HOST: forwarder.url,
  NO_PROXY: '127.0.0.1',
  no_proxy: '127.0.0.1',
});

describe('works unchanged through the forwarder:', () => {
  test("npm's ollama", { timeout: installTimeoutMs }, async () => {
    const { Ollama } = (await npmClients())('ollama') as OllamaModule;
    const client = new Ollama({ host: forwarder.url });
    expect((await client.list()).models.map(({ name }) => name)).toContain('stand-in:latest');
    expect((await client.show({ model: 'stand-in' })).details.format).toBe('stand-in');
    const parts: string[] = [];
    for await (const { message } of await client.chat({
      model: 'stand-in',
      messages: [{ role: 'user', content: 'hello' }],
      stream: true,
    }))
      parts.push(message.content);
    expect(parts.length).toBeGreaterThan(3);
    expect(parts.join('')).toBe(defaultReply);
    expect((await client.embed({ model: 'stand-in-embed', input: 'x' })).embeddings).toHaveLength(1);
    await expect(client.pull({ model: 'stand-in' })).rejects.toMatchObject({ status_code: 403 });
  });

  test("npm's openai, which sends an Authorization header", { timeout: installTimeoutMs }, async () => {
    const { OpenAI } = (await npmClients())('openai') as OpenAiModule;
    const client = new OpenAI({ baseURL: `${forwarder.url}/v1`, apiKey: 'ollama', maxRetries: 0 });
    const ids: string[] = [];
    for await (const { id } of await client.models.list()) ids.push(id);
    expect(ids).toContain('stand-in:latest');
    expect((await client.models.retrieve('stand-in:latest')).id).toBe('stand-in:latest');
    let text = '';
    for await (const { choices } of await client.chat.completions.create({
      model: 'stand-in',
      messages: [{ role: 'user', content: 'hello' }],
      stream: true,
    }))
      text += choices[0]?.delta.content ?? '';
    expect(text).toBe(defaultReply);
    const response = await client.responses.create({ model: 'stand-in', input: 'hello' });
    expect(response.output_text).toBe(defaultReply);
  });

  test.skipIf(noPython !== undefined)("PyPI's ollama", { timeout: installTimeoutMs }, async () => {
    const { program, path } = await pythonClients();
    const calls = fileURLToPath(new URL('clients/ollama_calls.py', import.meta.url));
    const { stdout } = await run(program, [calls], {
      env: { ...environment(), PYTHONPATH: path, PYTHONDONTWRITEBYTECODE: '1' },
    });
    expect(JSON.parse(stdout)).toEqual({
      models: ['stand-in:latest', 'stand-in-embed:latest'],
      text: defaultReply,
      parts: expect.any(Number) as number,
      embedding: 1,
      shown: 'stand-in',
      refusal: [403, expect.stringContaining('no such route') as string],
    });
  });

  test("LiveReview's connector: GET base_url/tags, then a streamed POST base_url/chat, without a token", async () => {
    const base = `${forwarder.url}/ollama/api`;
    const tags = (await (await fetch(`${base}/tags`)).json()) as { models: { name: string }[] };
    expect(tags.models.map(({ name }) => name)).toContain('stand-in:latest');
    const chat = await fetch(`${base}/chat`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ model: 'stand-in', messages: [{ role: 'user', content: 'x' }], stream: true }),
    });
    expect(chat.headers.get('content-type')).toContain('application/x-ndjson');
    const lines = (await chat.text()).trim().split('\n');
    expect(lines.length).toBeGreaterThan(3);
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ done: true });
  });

  test('curl', async () => {
    const curl = (...parameters: readonly string[]) =>
      run('curl', ['--silent', '--show-error', '--fail', '--max-time', '20', ...parameters], {
        env: environment(),
      });
    expect(JSON.parse((await curl(`${forwarder.url}/api/version`)).stdout)).toEqual({
      version: standInVersion,
    });
    const body = JSON.stringify({ model: 'stand-in', prompt: 'x', stream: false });
    // curl asks with Expect: 100-continue before it sends a long body.
    const long = JSON.stringify({ model: 'stand-in', prompt: 'x'.repeat(2_000_000), stream: false });
    for (const text of [body, long]) {
      const answer = run('curl', [
        ...['--silent', '--show-error', '--fail', '--max-time', '20', '--data-binary', '@-'],
        ...['--header', 'Transfer-Encoding: chunked', `${forwarder.url}/api/generate`],
      ]);
      answer.child.stdin?.end(text);
      expect(JSON.parse((await answer).stdout)).toMatchObject({ response: defaultReply });
    }
    const named = await curl(
      '--write-out',
      '%{http_code}',
      '--output',
      '/dev/null',
      `http://localhost:${forwarder.port}/`,
    );
    expect(named.stdout).toBe('200');
  });

  test.skipIf(ollamaProgram === undefined)('the ollama command', async () => {
    const home = await temporaryFolder();
    const ollama = async (...parameters: readonly string[]): Promise<string> => {
      const running = run(ollamaProgram ?? '', parameters, { env: { ...environment(), HOME: home.path } });
      // What it would read belongs to the prompt.
      running.child.stdin?.end();
      return (await running).stdout;
    };
    try {
      expect(await ollama('list')).toContain('stand-in:latest');
      expect(await ollama('show', 'stand-in')).toContain('stand-in');
      expect(await ollama('run', 'stand-in', 'hello')).toContain(defaultReply.slice(0, 40));
      expect(await ollama('ps')).toContain('stand-in');
      await expect(ollama('pull', 'stand-in')).rejects.toThrow('no such route');
      await expect(ollama('rm', 'stand-in')).rejects.toThrow('no such route');
    } finally {
      await home.remove();
    }
  });
});

test('the gateway saw live-review, and each of its answers is in the log of the forwarder', async () => {
  const log = await forwarder.accessLog();
  expect(log.length).toBeGreaterThan(10);
  expect(new Set(log.map(({ service }) => service))).toEqual(new Set(['live-review']));
  // nginx had nothing to say against any of them.
  expect(forwarder.errors()).not.toMatch(/\[(?:warn|error|crit|alert|emerg)\]/);
});

/** What is used of the package `ollama`. */
interface OllamaModule {
  readonly Ollama: new (options: { host: string }) => {
    list(): Promise<{ models: { name: string }[] }>;
    show(request: { model: string }): Promise<{ details: { format: string } }>;
    chat(request: object): Promise<AsyncIterable<{ message: { content: string } }>>;
    embed(request: object): Promise<{ embeddings: number[][] }>;
    pull(request: { model: string }): Promise<unknown>;
  };
}

/** What is used of the package `openai`. */
interface OpenAiModule {
  readonly OpenAI: new (options: { baseURL: string; apiKey: string; maxRetries: number }) => {
    models: {
      list(): Promise<AsyncIterable<{ id: string }>>;
      retrieve(id: string): Promise<{ id: string }>;
    };
    chat: {
      completions: {
        create(request: object): Promise<AsyncIterable<{ choices: { delta: { content?: string } }[] }>>;
      };
    };
    responses: { create(request: object): Promise<{ output_text: string }> };
  };
}
