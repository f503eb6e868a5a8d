import { DigitaloceanProvider } from '@cdktf/provider-digitalocean/lib/provider/index.js';
import { TlsProvider } from '@cdktf/provider-tls/lib/provider/index.js';
import { TerraformOutput } from 'cdktf/lib/terraform-output.js';
import { TerraformStack } from 'cdktf/lib/terraform-stack.js';
import { TerraformVariable } from 'cdktf/lib/terraform-variable.js';
import type { Construct } from 'constructs';
import type { StackConfig } from '../lib/config/schema.ts';
import type { HostKeyPair } from '../lib/constructs/hardened-droplet.ts';
import { HardenedOllama } from '../lib/constructs/hardened-ollama.ts';
import { acknowledge } from '../lib/constructs/policy.ts';
import { noPublicParts, type PublicParts } from '../lib/constructs/public-parts.ts';
import { releaseSettings } from '../lib/release/settings.ts';
import { certificateTable } from './certificate-table.ts';
import { keepState } from './state.ts';

/** The oldest terraform and OpenTofu that have what the stacks use. */
const terraformVersion = '>= 1.5';
/** The tls provider that the stacks were proved with. It has all that 4.1.0 has, for which the bindings were made. */
const tlsProviderVersion = '4.2.1';

/** One entry of the configuration as terraform sees it: providers, state, one machine, outputs. */
export class HardeningStack extends TerraformStack {
  readonly ollama: HardenedOllama;
  /** The port that Ollama listens on, which no firewall may have. */
  readonly modelPorts: readonly number[];

  constructor(scope: Construct, name: string, stack: StackConfig, publicParts: PublicParts = noPublicParts) {
    super(scope, name);
    this.modelPorts = [releaseSettings(name, stack).ollamaPort];
    this.addOverride('terraform.required_version', terraformVersion);
    if (stack.pki.mode !== 'external') {
      this.addOverride('terraform.required_providers.tls.version', tlsProviderVersion);
      new TlsProvider(this, 'tls');
    }
    const privateKeyPath = new TerraformVariable(this, 'ssh_private_key_path', {
      type: 'string',
      default: '',
      nullable: false,
      description: 'The path of a private key for SSH. By default the keys of the SSH agent are tried.',
    });
    this.ollama = new HardenedOllama(this, 'ollama', {
      stackName: name,
      stack,
      privateKeyPath: privateKeyPath.stringValue,
      publicParts: this.#withSecretsFrom(publicParts),
      hostKeyPair: this.#hostKeyPair(stack),
      ...(stack.target.host === undefined ? {} : { removeModels: this.#removeModels() }),
    });
    const { target, state } = this.ollama.infrastructure;
    if (target?.kind === 'digitalocean') {
      // The token comes from DIGITALOCEAN_TOKEN alone.
      const { apiEndpoint } = target;
      new DigitaloceanProvider(this, 'digitalocean', apiEndpoint === undefined ? {} : { apiEndpoint });
    }
    keepState(this, state);
    this.#outputs();
    for (const risk of this.ollama.infrastructure.acknowledged) acknowledge(this, risk);
  }

  #removeModels(): string {
    return new TerraformVariable(this, 'remove_models', {
      type: 'bool',
      default: false,
      nullable: false,
      description:
        'Whether a destroy also removes the models that the kit has fetched onto the machine. By default they stay. ' +
        'A destroy goes by the state, so it must be applied first, which `hardening destroy --models` does.',
    }).stringValue;
  }

  /** Where the keys of server and health are is asked when terraform runs: another computer may have them elsewhere. */
  #withSecretsFrom(parts: PublicParts): PublicParts {
    if (parts.external === undefined) return parts;
    const secretsDirectory = new TerraformVariable(this, 'pki_secrets_directory', {
      type: 'string',
      default: parts.external.secretsDirectory,
      nullable: false,
      description:
        "The folder with server.key and the health identity's key. By default that of pki.directory.",
    }).stringValue;
    return { ...parts, external: { ...parts.external, secretsDirectory } };
  }

  /** With keys that no state is to have, the host key comes from the environment as well. */
  #hostKeyPair({ target, pki }: StackConfig): HostKeyPair | undefined {
    if (target.digitalocean === undefined || pki.mode === 'managed') return undefined;
    const variable = (name: string, sensitive: boolean, description: string): string =>
      new TerraformVariable(this, name, { type: 'string', nullable: false, sensitive, description })
        .stringValue;
    return {
      privateKeyOpenSsh: variable(
        'ssh_host_private_key',
        true,
        "The droplet's SSH host key of type ed25519, as ssh-keygen writes it. Only the first boot uses it.",
      ),
      publicKeyOpenSsh: variable(
        'ssh_host_public_key',
        false,
        'The public half of ssh_host_private_key, one line.',
      ),
    };
  }

  #outputs(): void {
    const { publicAddress, hostKey, releaseName, certificates } = this.ollama;
    new TerraformOutput(this, 'address', { value: publicAddress });
    new TerraformOutput(this, 'host_key', { value: hostKey });
    new TerraformOutput(this, 'release', { value: releaseName });
    new TerraformOutput(this, 'ca', { value: certificates.authoritiesPem });
    new TerraformOutput(this, 'certificates', {
      description: 'Every certificate that is in force: what it is for, its serial number, and its end.',
      value: certificateTable(certificates),
    });
    // A CA in a folder has the bundles there.
    if (this.ollama.infrastructure.certificates.mode === 'external') return;
    for (const { service, isLatest, certificatePem, privateKeyPem } of certificates.services) {
      new TerraformOutput(this, `client_${service}${isLatest ? '' : '_previous'}`, {
        description: `What the service ${service} needs${isLatest ? '' : ', for the generation before'}, as PEM.`,
        value: {
          certificate: certificatePem,
          ...(privateKeyPem === undefined ? {} : { key: privateKeyPem }),
          ca: certificates.authoritiesPem,
        },
        sensitive: privateKeyPem !== undefined,
      });
    }
  }
}
