import { beforeAll, describe, expect, it } from 'vitest';
import { dropletStack, hostStack, publicKey } from './support/deployed-stacks.ts';
import { at, synthesized, type Block, type Synthesized } from './support/synthesized.ts';

const provisioners = (stack: Synthesized): Block[] =>
  stack.one('terraform_data', '_release_')['provisioner'] as Block[];
const scripts = (stack: Synthesized): string[] =>
  provisioners(stack).flatMap((one) => (at(one, 'remote-exec') ? [JSON.stringify(one['remote-exec'])] : []));
const files = (stack: Synthesized): Record<string, Block> =>
  Object.fromEntries(
    provisioners(stack).flatMap((one) => {
      const file = one['file'] as Block | undefined;
      return file === undefined ? [] : [[String(file['destination']), file] as const];
    }),
  );

describe('a release', () => {
  let host: Synthesized;
  let cloud: Synthesized;
  beforeAll(async () => {
    host = await synthesized('box', hostStack);
    cloud = await synthesized('cloud', dropletStack);
  });

  it('goes over SSH to the pinned host key alone, as the configured user', async () => {
    expect(host.one('terraform_data', '_release_')['connection']).toMatchObject({
      type: 'ssh',
      host: '192.0.2.10',
      port: 22,
      user: 'root',
      host_key: publicKey('H'),
      timeout: '30s',
    });
    const target = { host: { address: 'box.example', port: 2222, user: 'debian', hostKey: publicKey('I') } };
    const other = await synthesized('box', { ...hostStack, target });
    expect(other.one('terraform_data', '_release_')['connection']).toMatchObject({
      host: 'box.example',
      port: 2222,
      user: 'debian',
      host_key: publicKey('I'),
    });
  });

  it('of a droplet goes to the host key that terraform made, as the administrators’ user', () => {
    expect(cloud.one('terraform_data', '_release_')['connection']).toMatchObject({
      host: expect.stringMatching(/^\$\{digitalocean_droplet\.\w+\.ipv4_address\}$/) as string,
      port: 22,
      user: 'hardening-admin',
      host_key: expect.stringMatching(
        /^\$\{trimspace\(tls_private_key\.ollama_droplet_host-key_\w+\.public_key_openssh\)\}$/,
      ) as string,
    });
  });

  it('waits for the end of a first boot on a droplet, not on a machine that exists', () => {
    expect(scripts(cloud)[0]).toContain('cloud-init status --wait');
    expect(scripts(host).join()).not.toContain('cloud-init');
  });

  it('takes a key from a path or the agent, and keeps none', () => {
    expect(at(host.one('terraform_data', '_release_'), 'connection', 'private_key')).toBe(
      '${(length(var.ssh_private_key_path) >= 1) ? file(pathexpand(var.ssh_private_key_path)) : null}',
    );
    expect(at(host.json, 'variable', 'ssh_private_key_path')).toMatchObject({ default: '', type: 'string' });
    expect(host.one('terraform_data', '_release_')['input']).toEqual({
      stack: 'box',
      release: expect.stringMatching(/^\$\{local\./) as string,
    });
  });

  it('makes a private folder, fills it, activates it and confirms it with another login, in this order', () => {
    const order = provisioners(host).map((one) =>
      at(one, 'remote-exec')
        ? 'command'
        : at(one, 'local-exec')
          ? 'command here'
          : String(at(one, 'file', 'destination')),
    );
    const folder = '.hardening-upload/${self.id}';
    expect(order).toEqual([
      'command',
      folder,
      ...[
        'release',
        'issued',
        'tls/ca.crt',
        'tls/server.crt',
        'tls/server.key',
        'tls/health.crt',
        'tls/health.key',
      ].map((path) => `${folder}/${path}`),
      'command here',
      `${folder}/tls/ca.crl`,
      'command',
      'command',
    ]);
    expect(scripts(host)[0]).toContain('umask 077');
    expect(scripts(host).at(-2)).toContain('programs/activate.sh');
    expect(scripts(host).at(-1)).toContain('hardening-release confirm');
  });

  it('runs no command that contains a secret, whose words terraform would hide', () => {
    for (const script of scripts(host)) {
      // Nothing of terraform's is in a command but the resource's own id and the release's name.
      expect(script.replaceAll(/\$\{self\.(?:id|input\.release)\}/g, '')).not.toMatch(/(?<!\$)\$\{/);
    }
  });

  it('sends no key of the CA, and no key of a service', () => {
    expect(
      Object.values(files(host)).flatMap((file) => String(file['content']).match(/\w+_key_pem\b/g) ?? []),
    ).toEqual(['private_key_pem', 'private_key_pem']);
    for (const [destination, file] of Object.entries(files(host))) {
      if (!destination.endsWith('.key')) expect(String(file['content'])).not.toContain('private_key');
      else expect(file['content']).toMatch(/^\$\{tls_private_key\.ollama_(?:server|service-health-1)_key_/);
    }
  });

  it('hands the key of the CA to the program that signs, in its environment alone', () => {
    const { command, environment } = provisioners(host).flatMap((one) =>
      at(one, 'local-exec') ? [one['local-exec'] as Block] : [],
    )[0] as { command: string; environment: Record<string, string> };
    expect(command).toMatch(/^node '[./\w-]+\/bin\/sign-crl\.js'$/);
    expect(Object.keys(environment)).toEqual(['HARDENING_CRL_REQUEST']);
    expect(environment['HARDENING_CRL_REQUEST']).toMatch(
      /^\$\{jsonencode\(.*tls_private_key\.ollama_authority_key_\w+\.private_key_pem/,
    );
    expect(at(files(host), '.hardening-upload/${self.id}/tls/ca.crl', 'source')).toBe('crl/${self.id}.pem');
  });

  it('tells the machine of each client certificate, by serial number and end', () => {
    const [issued] = Object.values(host.json['locals'] as Record<string, string>);
    const line = (service: string, generation: number): RegExp =>
      new RegExp(
        `^1 \\$\\{[\\w.-]+_service-${service}-${generation}_certificate_\\w+\\.id\\} ${service} ${generation} ` +
          `\\$\\{formatdate\\(.+, [\\w.-]+_service-${service}-${generation}_certificate_\\w+\\.validity_end_time\\)\\}$`,
        'm',
      );
    expect(issued).toMatch(line('ci', 1));
    expect(issued).toMatch(line('live-review', 3));
    expect(issued).toMatch(line('health', 1));
    expect(issued?.trim().split('\n')).toHaveLength(3);
  });

  it('is done again when its name or its machine changes', async () => {
    const triggers = (stack: Synthesized): unknown =>
      stack.one('terraform_data', '_release_')['triggers_replace'];
    expect(triggers(host)).toEqual([
      expect.stringMatching(/^\$\{local\./),
      `192.0.2.10 22 ${publicKey('H')}`,
    ]);
    expect(triggers(cloud)).toEqual([
      expect.stringMatching(/^\$\{local\./),
      expect.stringMatching(/^\$\{digitalocean_droplet\.\w+\.id\}$/),
    ]);
    const name = (stack: Synthesized): string => JSON.stringify(stack.json['locals']);
    const limits = { perAddress: { requestsPerSecond: 9, burst: 9 } };
    expect(name(await synthesized('box', { ...hostStack, limits }))).not.toBe(name(host));
    expect(name(await synthesized('box', hostStack))).toBe(name(host));
    for (const part of ['authority', 'server', 'service-health-1']) {
      expect(name(host)).toMatch(
        new RegExp(`sha256\\(tls_\\w+\\.ollama_${part}_certificate_\\w+\\.cert_pem\\)`),
      );
    }
  });
});

describe('a destroy', () => {
  it('takes the kit off a machine that exists, by what the state says of it alone', async () => {
    const host = await synthesized('box', hostStack);
    const removal = host.one('terraform_data', '_host_');
    const [script] = removal['provisioner'] as Block[];
    expect(at(script, 'remote-exec')).toMatchObject({ when: 'destroy' });
    expect(JSON.stringify(script)).toContain('hardening-release remove');
    // A destroy may refer to nothing but the resource itself.
    expect(JSON.stringify(script)).not.toMatch(/\$\{(?!self\.)/);
    expect(removal['input']).toMatchObject({ address: '192.0.2.10', host_key: publicKey('H') });
    expect(JSON.stringify(script)).toContain("remove_models='${self.input.remove_models}'");
    // Models stay unless an apply before the destroy was told otherwise.
    expect(removal['input']).toMatchObject({ remove_models: '${var.remove_models}' });
    expect(at(host.json, 'variable', 'remove_models')).toMatchObject({ type: 'bool', default: false });
    // It is never replaced: that would destroy it.
    expect(removal['triggers_replace']).toEqual([]);
    // After the last release.
    expect(host.one('terraform_data', '_release_')['depends_on']).toEqual([
      expect.stringMatching(/^terraform_data\.ollama_host_removal_/),
    ]);
  });

  it('of a droplet needs no more than the droplet', async () => {
    const cloud = await synthesized('cloud', dropletStack);
    expect(cloud.text).not.toMatch(/hardening-release remove|remove_models/);
  });
});
