import { DigitaloceanProvider } from '@cdktf/provider-digitalocean/lib/provider/index.js';
import { TlsProvider } from '@cdktf/provider-tls/lib/provider/index.js';
import { TerraformOutput } from 'cdktf/lib/terraform-output.js';
import { TerraformStack } from 'cdktf/lib/terraform-stack.js';
import { TerraformVariable } from 'cdktf/lib/terraform-variable.js';
import type { Construct } from 'constructs';
import type { StackConfig } from '../lib/config/schema.ts';
import { HardenedOllama } from '../lib/constructs/hardened-ollama.ts';
import { keepState } from './state.ts';

/** The oldest terraform and OpenTofu that have what the stacks use. */
const terraformVersion = '>= 1.5';
/** The tls provider that the stacks were proved with. It has all that 4.1.0 has, for which the bindings were made. */
const tlsProviderVersion = '4.2.1';

/** One entry of the configuration as terraform sees it: providers, state, one machine, outputs. */
export class HardeningStack extends TerraformStack {
  readonly ollama: HardenedOllama;

  constructor(scope: Construct, name: string, stack: StackConfig) {
    super(scope, name);
    this.addOverride('terraform.required_version', terraformVersion);
    this.addOverride('terraform.required_providers.tls.version', tlsProviderVersion);
    new TlsProvider(this, 'tls');
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

  #outputs(): void {
    const { publicAddress, hostKey, releaseName, authority, serviceCertificates } = this.ollama;
    new TerraformOutput(this, 'address', { value: publicAddress });
    new TerraformOutput(this, 'host_key', { value: hostKey });
    new TerraformOutput(this, 'release', { value: releaseName });
    new TerraformOutput(this, 'ca', { value: authority.certificatePem });
    for (const { service, certificatePem, privateKeyPem, authorityPem } of serviceCertificates) {
      new TerraformOutput(this, `client_${service}`, {
        description: `What the service ${service} needs: certificate, key and CA, as PEM.`,
        value: { certificate: certificatePem, key: privateKeyPem, ca: authorityPem },
        sensitive: true,
      });
    }
  }
}
