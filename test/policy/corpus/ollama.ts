import { gzipSync } from 'node:zlib';
import type { CorpusCase } from '../support/corpus-case.ts';
import { booted } from './parts.ts';

/** Where Ollama is told to listen, in units, scripts and user_data. */
const opened = 'ollama-host-opened';
const unit = 'assets/files-0/files/etc/systemd/system/ollama.service.d/override.conf';
const compose = 'assets/files-0/files/opt/ollama/compose.yaml';

const pressed = (text: string): string => gzipSync(text).toString('base64');

const inFiles: CorpusCase[] = (
  [
    [unit, 'Environment="OLLAMA_HOST=0.0.0.0"', [opened], 'every address'],
    [unit, 'Environment=OLLAMA_HOST=0.0.0.0:11434', [opened], 'every address'],
    [unit, "Environment='OLLAMA_HOST=[::]:11434'", [opened], 'every address of IPv6'],
    [unit, 'Environment=OLLAMA_HOST=::', [opened], 'every address of IPv6'],
    [unit, 'Environment=OLLAMA_HOST=:11434', [opened], 'an empty host is every address'],
    [unit, 'Environment=OLLAMA_HOST=http://0.0.0.0:11434', [opened], 'with a scheme'],
    [unit, 'Environment=OLLAMA_HOST=10.0.0.5', [opened], 'a private address'],
    [unit, 'Environment=OLLAMA_HOST=models.example.com', [opened], 'a name that is another address'],
    [unit, 'Environment=OLLAMA_HOST=${ADDRESS}', [opened], 'nobody knows'],
    [unit, 'Environment=OLLAMA_HOST=127.0.0.1', [], 'loopback'],
    [unit, 'Environment="OLLAMA_HOST=127.0.0.1:11434"', [], 'loopback'],
    [unit, 'Environment=OLLAMA_HOST=127.8.9.1:11434', [], 'loopback is a /8'],
    [unit, 'Environment=OLLAMA_HOST=[::1]:11434', [], 'loopback of IPv6'],
    [unit, 'Environment=OLLAMA_HOST=::1', [], 'loopback of IPv6'],
    [unit, 'Environment=OLLAMA_HOST=localhost:11434', [], 'loopback by name'],
    [unit, 'Environment=OLLAMA_HOST=', [], 'the default'],
    [unit, '# Environment=OLLAMA_HOST=0.0.0.0', [], 'a comment'],
    [unit, 'Environment=OLLAMA_HOST=128.0.0.1', [opened], 'beside loopback'],
    [unit, 'Environment=OLLAMA_ORIGINS=*', [opened], 'every web page'],
    [unit, 'Environment="OLLAMA_ORIGINS=https://a.example,http://*"', [opened], 'every web page'],
    [unit, 'Environment=OLLAMA_ORIGINS=https://a.example', [], 'one page'],
    [unit, 'Environment=OLLAMA_ORIGINS=http://localhost:*', [], 'every port of one host'],
    ['assets/files-0/files/etc/default/ollama', 'OLLAMA_HOST=0.0.0.0\n', [opened], 'a file of variables'],
    [compose, 'environment:\n  OLLAMA_HOST: 0.0.0.0\n', [opened], 'YAML'],
    [
      compose,
      'ports:\n  - "11434:11434"\n',
      [opened],
      'docker publishes on every address, past the firewall',
    ],
    [compose, 'ports:\n  - "127.0.0.1:11434:11434"\n', [], 'on loopback'],
    [
      'assets/files-0/files/usr/local/bin/run',
      '#!/bin/sh\ndocker run -d -p 11434:11434 ollama/ollama\n',
      [opened],
      'docker publishes on every address',
    ],
    [
      'assets/files-0/files/usr/local/bin/run',
      '#!/bin/sh\ndocker run -d -p 0.0.0.0:8080:11434 ollama/ollama\n',
      [opened],
      'on another port',
    ],
    [
      'assets/files-0/files/usr/local/bin/run',
      '#!/bin/sh\ndocker run -d -p 127.0.0.1:11434:11434 ollama/ollama\n',
      [],
      'on loopback',
    ],
    [
      'assets/files-0/files/usr/local/bin/list',
      '#!/bin/sh\nOLLAMA_HOST=models.example.com ollama list\n',
      [],
      'a client',
    ],
    [
      'assets/files-0/files/usr/local/bin/serve',
      '#!/bin/sh\nOLLAMA_HOST=0.0.0.0 ollama serve\n',
      [opened],
      'a server',
    ],
  ] as const
).map(([path, content, finds, why]) => ({
  name: `${path.split('/').at(-1) ?? ''}: ${content.trim().replaceAll('\n', ' ⏎ ')}`,
  finds,
  why,
  inPlan: false,
  stack: { resource: {} },
  files: { [path]: `${content}\n` },
}));

const inUserData: CorpusCase[] = (
  [
    ['export OLLAMA_HOST=0.0.0.0\nollama serve &\n', [opened], 'a script'],
    ['export OLLAMA_HOST=127.0.0.1\nollama serve &\n', [], 'loopback'],
    ['# never set OLLAMA_HOST=0.0.0.0\nollama serve &\n', [], 'a comment'],
    [
      `write_files:\n- encoding: b64\n  content: ${Buffer.from('[Service]\nEnvironment=OLLAMA_HOST=0.0.0.0\n').toString('base64')}\n`,
      [opened],
      'wrapped',
    ],
    [
      `write_files:\n- encoding: b64\n  content: ${Buffer.from('[Service]\nEnvironment=OLLAMA_HOST=127.0.0.1\n').toString('base64')}\n`,
      [],
      'wrapped, and loopback',
    ],
    ['environment:\n  - OLLAMA_ORIGINS="*"\n', [opened], 'every web page'],
    ['docker run -d --gpus all --network host --name o ollama/ollama\n', [opened], "the machine's network"],
    ['docker run -d \\\n  --net=host \\\n  ollama/ollama:latest\n', [opened], 'a command in lines'],
    ['podman run -d --network host -e OLLAMA_HOST=127.0.0.1 ollama/ollama\n', [], 'on loopback'],
    ['docker run -d --network host nginx\n', [], 'another image'],
    ['docker run -d --network models ollama/ollama\n', [], 'a network of its own'],
    ['docker run -d -p 11434 ollama/ollama\n', [opened], 'on any port of the machine'],
    ['docker run -dP ollama/ollama\n', [opened], 'on any port of the machine'],
    ['docker run -d --publish-all ollama/ollama\n', [opened], 'on any port of the machine'],
    ['docker run -d -p 127.0.0.1::11434 ollama/ollama\n', [], 'on loopback'],
    ['runcmd:\n- [docker, run, -d, --network, host, ollama/ollama]\n', [opened], 'a list of words'],
    ['[Container]\nImage=docker.io/ollama/ollama\nPublishPort=11434:11434\n', [opened], 'a unit of Quadlet'],
    ['[Container]\nImage=docker.io/ollama/ollama\nPublishPort=11434\n', [opened], 'any port'],
    ['[Container]\nImage=docker.io/ollama/ollama\nNetwork=host\n', [opened], "the machine's network"],
    ['[Container]\nImage=docker.io/ollama/ollama\nPublishPort=127.0.0.1:11434:11434\n', [], 'on loopback'],
    ['ports:\n  - target: 11434\n    published: 11434\n', [opened], 'the long form of compose'],
    ['ports:\n  - published: 8080\n    target: 11434\n', [opened], 'in another order'],
    ['ports:\n  - target: 11434\n    published: 11434\n    host_ip: 127.0.0.1\n', [], 'on loopback'],
    ['ports:\n  - host_ip: "::1"\n    target: 11434\n', [], 'on loopback, in another order'],
    [
      'ports:\n  - target: 80\n    host_ip: 127.0.0.1\n  - target: 11434\n    published: 11434\n',
      [opened],
      'the address is of another port',
    ],
    ['o:\n  image: ollama/ollama\n  ports:\n    - "11434"\n', [opened], 'any port'],
    ['o:\n  image: ollama/ollama\n  network_mode: host\n', [opened], "the machine's network"],
    ['env:\n  - name: OLLAMA_HOST\n    value: 0.0.0.0\n', [opened], 'a name and a value'],
    ['env:\n  - value: "0.0.0.0"\n    name: OLLAMA_HOST\n', [opened], 'in another order'],
    ['env:\n  - name: OLLAMA_HOST\n    value: 127.0.0.1\n', [], 'on loopback'],
    [JSON.stringify({ env: [{ name: 'OLLAMA_HOST', value: '0.0.0.0' }] }), [opened], 'in JSON'],
    [
      JSON.stringify({ x: JSON.stringify({ env: [{ name: 'OLLAMA_ORIGINS', value: '*' }] }) }),
      [opened],
      'in JSON within JSON',
    ],
    ['export FOO=1 \\\n  OLLAMA_HOST=0.0.0.0\n', [opened], 'a line that goes on'],
    [
      `write_files:\n- encoding: gz+b64\n  content: ${pressed('[Service]\nEnvironment=OLLAMA_HOST=0.0.0.0\n')}\n  permissions: '0644'\n`,
      [opened],
      'wrapped and pressed',
    ],
    [
      `write_files:\n- encoding: gz+b64\n  content: ${pressed('[Service]\nEnvironment=OLLAMA_HOST=127.0.0.1\n')}\n`,
      [],
      'wrapped and pressed, and loopback',
    ],
    [
      `echo ${Buffer.from('OLLAMA_HOST=::').toString('base64')} | base64 -d >>/e\n`,
      [opened],
      'short, and wrapped',
    ],
  ] as const
).map(([text, finds, why]) => ({
  name: `user_data: ${text.replaceAll('\n', ' ⏎ ')}`,
  finds,
  why,
  stack: booted(text),
}));

const inProvisioners: CorpusCase[] = (
  [
    [
      { 'remote-exec': { inline: ['echo OLLAMA_HOST=0.0.0.0 >>/etc/default/ollama'] } },
      [opened],
      'written by a script',
    ],
    [{ 'remote-exec': { inline: ['systemctl restart ollama'] } }, [], 'nothing of it'],
    [
      { file: { content: '[Service]\nEnvironment=OLLAMA_HOST=0.0.0.0\n', destination: '/x' } },
      [opened],
      'written as a file',
    ],
    [
      { 'local-exec': { command: 'run', environment: { OLLAMA_HOST: '0.0.0.0' } } },
      [opened],
      'the name is a key of an object',
    ],
  ] as const
).map(([provisioner, finds, why]) => ({
  name: `provisioner: ${JSON.stringify(provisioner)}`,
  finds,
  why,
  stack: {
    resource: {
      terraform_data: {
        x: { connection: { host: '192.0.2.1', host_key: 'ssh-ed25519 AAAA' }, provisioner: [provisioner] },
      },
    },
  },
}));

export const ollama: readonly CorpusCase[] = [...inFiles, ...inUserData, ...inProvisioners];
