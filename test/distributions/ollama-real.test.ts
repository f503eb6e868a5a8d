import { copyFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { modelStore } from '../../lib/model/machine/ollama-unit.ts';
import { ollamaSocket } from '../../lib/model/placement.ts';
import { untilHolds } from '../gateway/support/waiting.ts';
import { tinyModel } from '../machine/support/tiny-model.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { reasonNotToBoot } from './support/availability.ts';
import { curl, installGateway } from './support/gateway.ts';
import { bootRoot, type Machine } from './support/machine.ts';
import { installOllamaProgram, ollamaService, proxySocket, unitProperty } from './support/ollama.ts';
import { debianRoot, debianSuites, rootTimeoutMs } from './support/root-cache.ts';

const program = process.env['OLLAMA_BIN'] ?? '';
const reason =
  reasonNotToBoot() ??
  (program === ''
    ? 'needs OLLAMA_BIN, the path of an ollama; `npx tsx test/machine/support/build-ollama.ts` builds one'
    : undefined);
if (reason !== undefined) console.warn(`ollama-real.test.ts: no real Ollama is sandboxed here: it ${reason}`);

describe.skipIf(reason !== undefined).each(['debian-12', 'debian-13'] as const)(
  'a real Ollama in the kit’s unit on a booted %s',
  (distribution) => {
    let machine: Machine;
    let folder: TemporaryFolder;

    beforeAll(async () => {
      folder = await temporaryFolder();
      machine = await bootRoot(await debianRoot(debianSuites[distribution]));
      await installGateway(machine, distribution, folder.path, {});
      await installOllamaProgram(machine);
      await copyFile(program, machine.hostPath('/usr/local/bin/ollama'));
      // A server taken over: its models were made by its own Ollama, as its own user, and stay where they are.
      await machine.output(['install', '-d', '-o', 'ollama', '-g', 'ollama', '/usr/share/ollama']);
      await machine.output(['usermod', '--home', '/usr/share/ollama', 'ollama']);
      await writeFile(machine.hostPath('/usr/share/ollama/tiny.gguf'), tinyModel());
      await machine.write('/usr/share/ollama/Modelfile', 'FROM /usr/share/ollama/tiny.gguf\n');
      const make = [
        'export HOME=/usr/share/ollama; ollama serve >/dev/null 2>&1 & server=$!',
        'until ollama list >/dev/null 2>&1; do sleep 0.1; done',
        'ollama create tiny -f /usr/share/ollama/Modelfile; kill $server; wait $server; exit 0',
      ].join('\n');
      await machine.output(['setpriv', '--reuid', 'ollama', '--regid', 'ollama', '--clear-groups', 'sh', '-c', make]); // prettier-ignore
      await machine.output(['systemctl', 'daemon-reload']);
      await machine.output(['systemctl', 'start', proxySocket, ollamaService, 'hardening-gateway.service']);
      // nginx writes it when it already listens.
      const pidFile = ['test', '-s', '/run/hardening-gateway/nginx.pid'];
      await untilHolds(async () => (await machine.run(pidFile)).status === 0, 'nginx');
    }, rootTimeoutMs);
    afterAll(async () => {
      await machine.stop();
      await folder.remove();
    });

    test('lists the model that was there', async () => {
      const { body } = await curl(machine, { service: 'ci' });
      expect(JSON.parse(body)).toMatchObject({ models: [{ name: 'tiny:latest' }] });
    });

    test('answers with it through the gateway', async () => {
      const request = { model: 'tiny', prompt: 'hello', options: { num_predict: 20, temperature: 0 } };
      const { status, body } = await curl(machine, {
        service: 'ci',
        path: '/ollama/api/generate',
        more: ['--header', 'Content-Type: application/json', '--data-binary', '@-'],
        input: JSON.stringify(request),
      });
      expect(status).toBe(200);
      const parts = body.trim().split('\n');
      expect(parts.length).toBeGreaterThan(1);
      expect(JSON.parse(parts.at(-1) ?? '')).toMatchObject({ done: true, eval_count: 20 });
    });

    test('cannot change its models, and says so', async () => {
      // Past the gateway, which has no such route.
      const call = ['curl', '--silent', '--unix-socket', ollamaSocket, '--request', 'DELETE', '--data'];
      const answer = await machine.output([...call, '{"model":"tiny"}', 'http://localhost:11434/api/delete']);
      expect(answer).toContain('read-only file system');
      const manifest = `${modelStore}/manifests/registry.ollama.ai/library/tiny/latest`;
      expect((await machine.run(['test', '-s', manifest])).status).toBe(0);
    });

    test('never ended and never met what its sandbox forbids', async () => {
      expect(await unitProperty(machine, ollamaService, 'NRestarts')).toBe('0');
      const log = await machine.output(['journalctl', '--unit', ollamaService, '--output=cat']);
      expect(log).not.toMatch(/permission denied|not permitted|SIGSYS|panic/i);
    });
  },
);
