import { copyFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { reasonToSkip } from '../distributions/support/availability.ts';
import { enterRoot, type Machine } from '../distributions/support/machine.ts';
import { debianRoot, rootTimeoutMs } from '../distributions/support/root-cache.ts';
import { untilHolds } from '../gateway/support/waiting.ts';
import { tinyModel } from './support/tiny-model.ts';

const program = process.env['OLLAMA_BIN'] ?? '';
const reason =
  reasonToSkip() ??
  (program === ''
    ? 'needs OLLAMA_BIN, the path of an ollama; `npx tsx test/machine/support/build-ollama.ts` builds one'
    : undefined);
if (reason !== undefined) console.warn(`ollama.test.ts: no real Ollama runs here: it ${reason}`);

/** The end of a stream of /api/generate, and one part of it. */
interface GenerateResponse {
  readonly response: string;
  readonly done: boolean;
  readonly eval_count?: number;
}

describe.skipIf(reason !== undefined)('a real Ollama with the tiny model', () => {
  let machine: Machine;

  beforeAll(async () => {
    machine = await enterRoot(await debianRoot('trixie'));
    await copyFile(program, machine.hostPath('/usr/local/bin/ollama'));
    await writeFile(machine.hostPath('/root/tiny.gguf'), tinyModel());
    await machine.write('/root/Modelfile', 'FROM /root/tiny.gguf\n');
    const server = machine.start(['ollama', 'serve']);
    let log = '';
    server.stderr.setEncoding('utf8').on('data', (text: string) => (log = (log + text).slice(-4_096)));
    await untilHolds(
      async () => (await machine.run(['curl', '-s', 'http://127.0.0.1:11434/api/version'])).status === 0,
      'Ollama',
      () => log,
    );
    await machine.output(['ollama', 'create', 'tiny', '-f', '/root/Modelfile']);
  }, rootTimeoutMs);
  afterAll(async () => await machine.stop());

  test('lists it with its digest', async () => {
    const { models } = JSON.parse(
      await machine.output(['curl', '-s', 'http://127.0.0.1:11434/api/tags']),
    ) as { models: { name: string; digest: string }[] };
    expect(models).toEqual([
      expect.objectContaining({
        name: 'tiny:latest',
        digest: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      }),
    ]);
  });

  test('streams as many tokens as were asked for', async () => {
    const request = { model: 'tiny', prompt: 'hello', options: { num_predict: 20, temperature: 0 } };
    const stream = await machine.output([
      ...['curl', '-sN', '--data', JSON.stringify(request), 'http://127.0.0.1:11434/api/generate'],
    ]);
    const parts = stream
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as GenerateResponse);
    expect(parts.length).toBeGreaterThan(1);
    expect(parts.at(-1)).toMatchObject({ done: true, eval_count: 20 });
  });

  test('refuses a host name that is not its own', async () => {
    const status = ['curl', '-s', '--output', '/dev/null', '--write-out', '%{http_code}'];
    expect(
      await machine.output([
        ...status,
        '--header',
        'Host: gateway.example',
        'http://127.0.0.1:11434/api/tags',
      ]),
    ).toBe('403');
  });
});
