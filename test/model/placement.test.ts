import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../lib/config/parse.ts';
import { machinePlacement, type Placement } from '../../lib/model/placement.ts';
import { distributionPlatforms } from '../../lib/model/platform.ts';
import { resolve } from '../../lib/model/resolve.ts';
import { render } from '../../lib/render/render.ts';
import { fullStack } from '../support/example-stacks.ts';

const stack = parseConfig({ stacks: { trial: fullStack } }, 'test').stacks['trial'];
if (stack === undefined) throw new Error('the stack is gone');

const sandbox: Placement = {
  listen: { address: '127.0.0.1', port: 18_443 },
  plainListen: { address: '127.0.0.1', port: 18_080 },
  upstream: { address: '127.0.0.1', port: 11_500 },
  workerUser: { name: 'nobody', group: 'nogroup' },
  workerProcesses: 1,
  paths: {
    runtimeDirectory: '/dev/shm/x',
    logDirectory: '/home/me/.sandbox/log',
    serverCertificate: '/home/me/.sandbox/pki/certs/server.crt',
    serverKey: '/home/me/.sandbox/pki/secrets/server.key',
    clientCa: '/home/me/.sandbox/pki/certs/ca.crt',
    clientCrl: '/home/me/.sandbox/pki/certs/ca.crl',
  },
};

/** The only directives that may differ: paths, ports, user, process mode and upstream. */
const placed =
  /^\s*(?:listen|server|user|worker_processes|pid|error_log|access_log|ssl_certificate|ssl_certificate_key|ssl_client_certificate|ssl_crl|(?:client_body|proxy|fastcgi|uwsgi|scgi)_temp_path) /;

describe('the sandbox against the machine, for the same nginx', () => {
  const machineTree = render(resolve('trial', stack));
  const sandboxTree = render(resolve('trial', stack, sandbox));

  it('has the same files', () => {
    expect([...sandboxTree.keys()]).toEqual([...machineTree.keys()]);
  });

  it.each([...machineTree.keys()])('differs in nothing but the placement: %s', (path) => {
    const lines = (tree: typeof machineTree): string[] => (tree.get(path)?.content ?? '').split('\n');
    const fixed = (all: string[]): string[] => all.filter((line) => !placed.test(line));
    expect(fixed(lines(sandboxTree))).toEqual(fixed(lines(machineTree)));
  });

  it('differs in every part of the placement, so that the comparison means something', () => {
    const all = [...sandboxTree.values()].map((file) => file.content).join('\n');
    for (const text of [
      '18443',
      '18080',
      '11500',
      'user nobody nogroup',
      '/dev/shm/x',
      '/home/me/.sandbox',
    ]) {
      expect(all).toContain(text);
    }
    for (const path of Object.values(machinePlacement(stack).paths)) expect(all).not.toContain(`"${path}`);
  });
});

describe('the platform decides the syntax', () => {
  it.each([
    ['debian-12', 'listen 0.0.0.0:443 default_server ssl http2;', 'ssl_ecdh_curve X25519:prime256v1;'],
    ['ubuntu-24.04', 'listen 0.0.0.0:443 default_server ssl http2;', 'ssl_ecdh_curve X25519:prime256v1;'],
    [
      'debian-13',
      'listen 0.0.0.0:443 default_server ssl;\n        http2 on;',
      'ssl_ecdh_curve X25519MLKEM768:X25519:prime256v1;',
    ],
  ] as const)('%s', (distribution, listen, curves) => {
    const deployment = resolve('trial', { ...stack, target: { distribution } });
    const tree = render(deployment);
    expect(tree.get('etc/hardening/gateway/nginx.conf')?.content).toContain(listen);
    expect(tree.get('etc/hardening/gateway/tls.conf')?.content).toContain(curves);
  });

  it('and the sandbox takes that of the nginx it found', () => {
    const deployment = resolve('trial', stack, sandbox, distributionPlatforms['debian-12']);
    expect(deployment.gateway.tls).toMatchObject({ http2Directive: false, http2OnListen: true });
  });
});
