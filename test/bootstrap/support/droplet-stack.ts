import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseConfig } from '../../../lib/config/parse.ts';
import { synthesize } from '../../../stacks/synthesize.ts';
import { at, type Block } from '../../constructs/support/synthesized.ts';
import { dropletStack } from '../../constructs/support/deployed-stacks.ts';
import type { Distribution } from '../../../lib/model/platform.ts';
import { network } from '../../machine/support/outside.ts';
import { makeSshKey, type SshKeys } from '../../machine/support/ssh.ts';
import { terraformTools, type TerraformTools } from '../../machine/support/terraform-tools.ts';

/** A synthesized stack with a droplet, of which a booted machine takes the place. */
export interface DropletStack {
  /** What terraform makes of the droplet's user_data. */
  readonly userData: string;
  /** The host key that terraform made, and that of the administrator. */
  readonly keys: SshKeys;
  /** The folder to run terraform in. */
  readonly directory: string;
  readonly tools: TerraformTools;
}

/** The name of the synthesized stack. */
export const dropletStackName = 'cloud';

/**
 * Synthesizes a stack with a droplet, takes all of DigitalOcean out of its JSON, since that provider is not to be had
 * here, and puts the address of the test's machine where the droplet's would be. The rest is as it was.
 */
export async function dropletStackIn(folder: string, distribution: Distribution): Promise<DropletStack> {
  const user = await makeSshKey(join(folder, 'user'));
  const stack = {
    ...dropletStack,
    target: { ...dropletStack.target, distribution },
    ssh: { sources: [`${network.outside}/32`], adminKeys: { alice: user.publicKey } },
    firewall: { gatewaySources: [`${network.outside}/32`] },
    terraformState: { unencryptedReason: 'A test, whose state is gone with its folder.' },
  };
  synthesize(parseConfig({ stacks: { [dropletStackName]: stack } }, 'test'), join(folder, 'cdktf.out'));
  const directory = join(folder, 'cdktf.out/stacks', dropletStackName);
  const file = join(directory, 'cdk.tf.json');
  await writeFile(file, withoutDigitalOcean(await readFile(file, 'utf8')));

  const tools = await terraformTools();
  const terraform = async (...parameters: string[]): Promise<string> => {
    const environment = { ...process.env, ...tools.environment };
    const options = { cwd: directory, env: environment, maxBuffer: 16 * 1024 * 1024 };
    return (await promisify(execFile)(tools.terraform, parameters, options)).stdout;
  };
  const [, hostKey = ''] =
    /\$\{(tls_private_key\.[\w-]+_host-key_\w+)\./.exec(await readFile(file, 'utf8')) ?? [];
  await terraform('init', '-input=false');
  await terraform('apply', '-input=false', '-auto-approve', `-target=${hostKey}`);
  const host = {
    path: '',
    privateKey: await terraform('output', '-raw', 'private_host_key'),
    publicKey: await terraform('output', '-raw', 'host_key'),
  };
  return { userData: await terraform('output', '-raw', 'user_data'), keys: { host, user }, directory, tools };
}

function withoutDigitalOcean(text: string): string {
  const json = JSON.parse(text) as Record<string, Record<string, unknown>>;
  const userData = Object.values(at(json, 'resource', 'digitalocean_droplet') as Record<string, Block>)[0]?.[
    'user_data'
  ];
  const [, hostKey = ''] = /(tls_private_key\.[\w-]+_host-key_\w+)\.private/.exec(String(userData)) ?? [];
  const kept = (block: unknown): object =>
    Object.fromEntries(Object.entries(block as object).filter(([name]) => !name.startsWith('digitalocean')));
  const changed = {
    ...json,
    provider: kept(json['provider']),
    resource: kept(json['resource']),
    terraform: { ...json['terraform'], required_providers: kept(json['terraform']?.['required_providers']) },
    output: {
      ...json['output'],
      user_data: { sensitive: true, value: userData },
      private_host_key: { sensitive: true, value: `\${${hostKey}.private_key_openssh}` },
    },
  };
  return (
    JSON.stringify(changed)
      .replace(/\$\{digitalocean_droplet\.\w+\.ipv4_address\}/g, network.machine)
      // Within a longer expression, in JSON within JSON.
      .replace(/digitalocean_droplet\.\w+\.ipv4_address/g, `\\"${network.machine}\\"`)
      .replace(/\$\{digitalocean_droplet\.\w+\.id\}/g, 'the machine of the test')
  );
}
