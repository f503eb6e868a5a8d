import type { Block, CorpusCase } from '../support/corpus-case.ts';
import { behind, gateway, pem, ssh } from './parts.ts';

/** Other providers, and files that are not read. */
const foreignType = 'resource-not-judged';
const unread = 'file-not-read';
const opened = 'ollama-host-opened';
const secret = 'secret-in-user-data';

const types: CorpusCase[] = [
  ...[
    'aws_security_group',
    'aws_vpc_security_group_ingress_rule',
    'aws_instance',
    'aws_lb',
    'aws_ecs_service',
    'azurerm_network_security_rule',
    'azurerm_linux_virtual_machine',
    'google_compute_firewall',
    'google_compute_instance',
    'hcloud_firewall',
    'hcloud_server',
    'linode_instance',
    'openstack_networking_secgroup_rule_v2',
    'oci_core_security_list',
    'docker_container',
    'docker_service',
    'kubernetes_service',
    'kubernetes_service_v1',
    'kubernetes_deployment_v1',
    'kubernetes_ingress_v1',
    'helm_release',
    'libvirt_domain',
    'digitalocean_app',
    'digitalocean_kubernetes_node_pool',
  ].map((type) => [type, [foreignType]] as const),
  ...[
    'aws_key_pair',
    'aws_iam_instance_profile',
    'aws_s3_bucket',
    'aws_route53_record',
    'cloudflare_record',
    'digitalocean_vpc',
    'digitalocean_domain',
    'digitalocean_project',
    'digitalocean_ssh_key',
    'google_compute_network',
    'hcloud_server_network',
    'kubernetes_cluster_role_binding',
    'kubernetes_namespace',
    'local_file',
    'null_resource',
    'random_pet',
    'terraform_data',
    'time_rotating',
  ].map((type) => [type, []] as const),
].map(([type, finds]) => ({
  name: `a resource of ${type}`,
  finds,
  why: finds.length === 0 ? 'it opens and runs nothing' : 'no rule knows what it opens',
  stack: { resource: { [type]: { x: { name: 'x' } } } },
}));

const machine = (type: string, body: Block, finds: readonly string[]): CorpusCase => ({
  name: `${type} with ${JSON.stringify(body).slice(0, 60)}`,
  finds,
  why: 'user_data is looked at, whoever makes the machine',
  stack: { resource: { [type]: { x: { name: 'x', ...body } } } },
});
const script = '#!/bin/sh\nexport OLLAMA_HOST=0.0.0.0\nollama serve\n';
const machines: CorpusCase[] = [
  machine('aws_instance', { user_data: script }, [foreignType, opened]),
  machine('aws_instance', { user_data: '#!/bin/sh\ntrue\n' }, [foreignType]),
  machine('aws_launch_template', { user_data: Buffer.from(script).toString('base64') }, [
    foreignType,
    opened,
  ]),
  machine('hcloud_server', { user_data: pem() }, [foreignType, secret]),
  machine('azurerm_linux_virtual_machine', { custom_data: pem() }, [foreignType, secret]),
  machine('google_compute_instance', { metadata: { 'user-data': pem() } }, [foreignType, secret]),
  machine('linode_instance', { metadata: [{ user_data: script }] }, [foreignType, opened]),
];

const files: CorpusCase[] = (
  [
    ['a.auto.tfvars', [unread]],
    ['a.auto.tfvars.json', [unread]],
    ['terraform.tfvars', [unread]],
    ['main_override.tf.json', [unread]],
    ['other.tf', [unread]],
    ['other.tf.json', [unread]],
  ] as const
).map(([name, finds]) => ({
  name: `a file ${name} beside it`,
  finds,
  why: 'terraform reads it too',
  inPlan: false,
  stack: behind([ssh, gateway]),
  beside: [name],
}));

export const foreign: readonly CorpusCase[] = [
  ...types,
  ...machines,
  ...files,
  {
    name: 'a file beside a plan',
    finds: [],
    why: 'the plan has what it says',
    stack: { resource_changes: [], configuration: { root_module: {} } },
    beside: ['a.auto.tfvars'],
  },
];
