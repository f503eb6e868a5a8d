import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planChanges } from '../../lib/review/plan-changes.ts';
import {
  reasonForNoTerraform,
  terraformTools,
  terraformToolsTimeoutMs,
  type TerraformTools,
} from '../machine/support/terraform-tools.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const reason = reasonForNoTerraform();
if (reason !== undefined) console.warn(`plan.test.ts: no plan of real terraform is read here: it ${reason}`);

const said = (file: string): string[] => planChanges(file).map(({ mark, text }) => `${mark} ${text}`);

describe('a plan that was written by hand', () => {
  let folder: TemporaryFolder;
  beforeAll(async () => (folder = await temporaryFolder()));
  afterAll(() => folder.remove());

  const change = (
    address: string,
    actions: readonly string[],
    before: object | null,
    after: object | null,
  ) => ({
    address,
    mode: 'managed',
    type: address.split('.')[0],
    name: address.split('.')[1],
    change: { actions, before, after, after_unknown: {}, before_sensitive: {}, after_sensitive: {} },
  });
  const plan = async (...changes: object[]): Promise<string[]> => {
    const file = join(folder.path, 'plan.json');
    const document = { format_version: '1.2', planned_values: {}, resource_changes: changes };
    await writeFile(file, JSON.stringify(document));
    return said(file);
  };
  const droplet = 'digitalocean_droplet.main';
  const firewall = 'digitalocean_firewall.main';

  it('says nothing where nothing happens', async () => {
    expect(await plan(change(droplet, ['no-op'], { size: 's' }, { size: 's' }))).toEqual([]);
    expect(await plan(change(droplet, ['read'], null, { size: 's' }))).toEqual([]);
  });

  it.each([
    [['delete', 'create'], 'loses the plan replaces the droplet: `digitalocean_droplet.main`'],
    [['create', 'delete'], 'loses the plan replaces the droplet: `digitalocean_droplet.main`'],
    [['delete'], 'loses the plan destroys the droplet: `digitalocean_droplet.main`'],
    [['forget'], 'loses terraform forgets the droplet, and leaves it there: `digitalocean_droplet.main`'],
    [['create'], 'neutral created: `digitalocean_droplet.main`'],
    [['update'], 'neutral updated: `digitalocean_droplet.main` (`size`)'],
  ])('%j of a droplet', async (actions, line) => {
    expect(await plan(change(droplet, actions, { size: 's', a: 1 }, { size: 'm', a: 1 }))).toEqual([line]);
  });

  it.each([['create'], ['update'], ['delete']])('%s of a firewall may widen', async (action) => {
    const [before, after] = [{ inbound_rule: [] }, { inbound_rule: [{ port_range: '1-65535' }] }];
    const [line] = await plan(change(firewall, [action], before, after));
    expect(line).toMatch(
      /^mayWiden \w+, and it decides who reaches a machine: `digitalocean_firewall\.main`/,
    );
  });

  const access = (kind: string, address: string): RegExp =>
    new RegExp(`^mayWiden ${kind}, and it decides who reaches a machine: \`${address}\``);

  it.each([
    [droplet, { tags: ['box'] }, { tags: [] }],
    [droplet, { tags: ['box'] }, {}],
    [droplet, { ipv6: false }, { ipv6: true }],
    ['google_compute_instance.main', { tags: ['closed'] }, { tags: [] }],
    ['hcloud_server.main', { labels: { firewall: 'on' } }, { labels: {} }],
    ['aws_instance.main', { vpc_security_group_ids: ['sg-1'] }, { vpc_security_group_ids: ['sg-2'] }],
    ['hcloud_server.main', { firewall_ids: [1] }, { firewall_ids: [] }],
  ])('of what decides which rules hold for %s: %j, then %j', async (address, before, after) => {
    const [line] = await plan(change(address, ['update'], { size: 's', ...before }, { size: 's', ...after }));
    const [name = ''] = Object.keys(before);
    expect(line).toMatch(access('updated', address));
    expect(line).toContain(`(\`${name}\`)`);
  });

  it.each([
    ['digitalocean_tag.main', 'delete', 'destroyed'],
    ['digitalocean_tag.main', 'update', 'updated'],
    ['aws_vpc_security_group_ingress_rule.main', 'create', 'created'],
    ['azurerm_network_security_rule.main', 'create', 'created'],
    ['openstack_networking_secgroup_rule_v2.main', 'create', 'created'],
    ['aws_network_acl_rule.main', 'delete', 'destroyed'],
    ['google_compute_firewall_policy_rule.main', 'create', 'created'],
    ['hcloud_firewall_attachment.main', 'delete', 'destroyed'],
    ['linode_firewall_device.main', 'delete', 'destroyed'],
    ['digitalocean_floating_ip_assignment.main', 'create', 'created'],
  ])('of %s, %s', async (address, action, kind) => {
    const [before, after] = [
      action === 'create' ? null : { name: 'a' },
      action === 'delete' ? null : { name: 'b' },
    ];
    const [line] = await plan(change(address, [action], before, after));
    expect(line).toMatch(access(kind, address));
  });

  it('of labels that no rule reads, and of a tag that nothing has yet, nothing', async () => {
    expect(
      await plan(
        change('aws_instance.main', ['update'], { tags: { a: '1' } }, { tags: { a: '2' } }),
        change('digitalocean_tag.main', ['create'], null, { name: 'a' }),
      ),
    ).toEqual(['neutral updated: `aws_instance.main` (`tags`)', 'neutral created: `digitalocean_tag.main`']);
  });

  it('gathers what is no droplet and no CA, and shows no value', async () => {
    const lines = await plan(
      change('null_resource.b', ['create'], null, { password: 'hunter2' }),
      change('null_resource.a', ['create'], null, {}),
      change('null_resource.c', ['delete'], { password: 'hunter2' }, null),
    );
    expect(lines).toEqual([
      'neutral created: `null_resource.a`, `null_resource.b`',
      'neutral destroyed: `null_resource.c`',
    ]);
  });
});

describe.skipIf(reason !== undefined)('a plan of real terraform', () => {
  let tools: TerraformTools;
  let folder: TemporaryFolder;
  const terraform = async (...parameters: string[]): Promise<string> => {
    const { stdout } = await promisify(execFile)(tools.terraform, parameters, {
      cwd: folder.path,
      env: { ...process.env, ...tools.environment },
    });
    return stdout;
  };
  const configure = (validityHours: number, more: object): Promise<void> =>
    writeFile(
      join(folder.path, 'main.tf.json'),
      JSON.stringify({
        terraform: { required_providers: { tls: { source: 'hashicorp/tls' } } },
        resource: {
          tls_private_key: { ca: { algorithm: 'ECDSA', ecdsa_curve: 'P256' } },
          tls_self_signed_cert: {
            ca: {
              private_key_pem: '${tls_private_key.ca.private_key_pem}',
              validity_period_hours: validityHours,
              allowed_uses: ['cert_signing'],
              is_ca_certificate: true,
              subject: { common_name: 'a CA' },
            },
          },
          terraform_data: more,
        },
      }),
    );
  const plan = async (): Promise<string> => {
    await terraform('plan', '-input=false', '-out=the.plan');
    const file = join(folder.path, 'plan.json');
    await writeFile(file, await terraform('show', '-json', 'the.plan'));
    return file;
  };

  beforeAll(async () => {
    tools = await terraformTools();
    folder = await temporaryFolder();
    await configure(100, { gone: { input: 'x' }, kept: { input: 'a', triggers_replace: 1 } });
    await terraform('init', '-input=false');
  }, terraformToolsTimeoutMs);
  afterAll(() => folder.remove());

  it('creates, then replaces a CA, then has nothing to do', async () => {
    expect(said(await plan())).toEqual([
      'neutral created: `terraform_data.gone`, `terraform_data.kept`, `tls_private_key.ca`, `tls_self_signed_cert.ca`',
    ]);
    await terraform('apply', '-input=false', 'the.plan');
    expect(said(await plan())).toEqual([]);
    await configure(200, { kept: { input: 'b', triggers_replace: 1 }, other: { triggers_replace: 2 } });
    const file = await plan();
    const lines = said(file).sort();
    expect(lines).toContain('loses the plan replaces the CA: `tls_self_signed_cert.ca`');
    expect(lines).toContain('neutral destroyed: `terraform_data.gone`');
    expect(lines).toContain('neutral created: `terraform_data.other`');
    expect(lines.find((line) => line.includes('updated'))).toMatch(
      /`terraform_data\.kept` \(`input`, `output`\)/,
    );
    expect(lines.join('\n')).not.toMatch(/BEGIN|PRIVATE/);
  });
});
