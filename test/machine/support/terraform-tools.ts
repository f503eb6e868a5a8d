import { spawnSync } from 'node:child_process';
import { link, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { findProgram } from '../../../scripts/setup/find-program.mjs';
import { keptBuild } from '../../support/kept-build.ts';
import { buildGoProgram, goProgram, goRecipe, reasonNotToBuild, type GoProgram } from './go-program.ts';

/** terraform, and the one place that it gets providers from. */
export interface TerraformTools {
  /** The path of terraform, or of OpenTofu in its place. */
  readonly terraform: string;
  /** The path of a configuration of its command line: providers come from a folder, and from nowhere else. */
  readonly cliConfig: string;
  /** Variables for a run of it: that configuration, and that it asks no one about newer versions. */
  readonly environment: Readonly<Record<string, string>>;
}

/** The version of the provider `hashicorp/tls` that there is. */
export const tlsProviderVersion = '4.2.1';

/** Both builds, on a slow machine. */
export const terraformToolsTimeoutMs = 2_400_000;

const tlsProvider: GoProgram = {
  module: 'terraform-provider-tls',
  package: 'github.com/hashicorp/terraform-provider-tls',
  takes: 'half a minute',
};

const openTofu: GoProgram = {
  module: 'opentofu',
  package: 'github.com/opentofu/opentofu/cmd/tofu',
  takes: 'two minutes or more',
};

/** Why there are no {@link terraformTools} here; undefined where there are. */
export function reasonForNoTerraform(): string | undefined {
  const reason = reasonNotToBuild();
  return reason === undefined ? undefined : `needs terraform's tls provider, and to build it: ${reason}`;
}

/**
 * terraform and the provider `hashicorp/tls`. terraform is the one in PATH, where that is 1.5 or newer; else OpenTofu
 * is built, as the provider is, and kept.
 *
 * @param program `opentofu`: that one, whatever there is in PATH
 * @throws Error with what go said
 */
export async function terraformTools(program?: 'opentofu'): Promise<TerraformTools> {
  const cliConfig = await providers();
  const installed = program === undefined ? installedTerraform() : undefined;
  const terraform = installed ?? (await goProgram(openTofu));
  return {
    terraform,
    cliConfig,
    environment: { TF_CLI_CONFIG_FILE: cliConfig, TF_IN_AUTOMATION: '1', CHECKPOINT_DISABLE: '1' },
  };
}

/** The terraform in PATH; undefined where there is none, or one that is too old. */
export function installedTerraform(): string | undefined {
  const terraform = findProgram('terraform');
  if (terraform === undefined) return undefined;
  const { stdout } = spawnSync(terraform, ['version', '-json'], {
    encoding: 'utf8',
    env: { ...process.env, CHECKPOINT_DISABLE: '1' },
  });
  const [, major = 0, minor = 0] = /"terraform_version":\s*"(\d+)\.(\d+)\./.exec(stdout)?.map(Number) ?? [];
  return major > 1 || (major === 1 && minor >= 5) ? terraform : undefined;
}

/** A folder with the provider, as terraform's `filesystem_mirror` has it, and the configuration that names it. */
async function providers(): Promise<string> {
  // What `hashicorp/tls` is short for, in terraform and in OpenTofu.
  const [terraforms, tofus] = [
    'registry.terraform.io/hashicorp/tls',
    'registry.opentofu.org/hashicorp/tls',
  ] as const;
  const platform = `${process.platform}_${process.arch === 'x64' ? 'amd64' : process.arch}`;
  const file = join(tlsProviderVersion, platform, `terraform-provider-tls_v${tlsProviderVersion}`);
  const home = await keptBuild({
    name: 'terraform-providers',
    recipe: [await goRecipe(tlsProvider), terraforms, tofus, file],
    takes: tlsProvider.takes,
    build: async (folder, later) => {
      await buildGoProgram(tlsProvider, join(folder, terraforms, file));
      // OpenTofu does not look behind a symbolic link.
      await mkdir(dirname(join(folder, tofus, file)), { recursive: true });
      await link(join(folder, terraforms, file), join(folder, tofus, file));
      const mirror = `filesystem_mirror { path = ${JSON.stringify(later)} }`;
      await writeFile(join(folder, 'cli.tfrc'), `provider_installation {\n  ${mirror}\n}\n`);
    },
  });
  return join(home, 'cli.tfrc');
}
