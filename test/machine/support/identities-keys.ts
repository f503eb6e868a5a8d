import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateKey, privateKeyPem } from '../../../lib/pki/keys.ts';
import { makeRequest } from '../../../lib/pki/request.ts';
import { stackName, type Deployment } from './deployment.ts';

/** Where the keys of services are: the same changes are made and judged with each. */
export const keyModes = ['managed', 'csr'] as const;
export type KeyMode = (typeof keyModes)[number];

/** One generation of a service, as a configuration lets it in. */
export interface Accepted {
  readonly service: string;
  readonly generation: number;
}

/** What terraform's outputs say, by name. */
export type Outputs = Readonly<Record<string, { readonly value: unknown }>>;

/** What a mode of keys does differently. */
export interface Keys {
  readonly mode: KeyMode;
  /** Makes what the configuration names for this identity, where it is not there yet; returns the path of a request. */
  readonly request: (deployment: Deployment, identity: Accepted) => Promise<string | undefined>;
  /** What the service has once the configuration is applied. */
  handed(
    identity: Accepted,
    outputs: Outputs,
    isLatest: boolean,
  ): Promise<{ certificate: string; key: string }>;
  /** The resources that belong to one identity alone. */
  readonly resources: (identity: Accepted) => readonly string[];
}

export function keysOf(mode: KeyMode): Keys {
  return mode === 'managed' ? managed() : fromRequests();
}

interface ClientOutput {
  readonly certificate: string;
  readonly key?: string;
}

function clientOutput(outputs: Outputs, { service }: Accepted, isLatest: boolean): ClientOutput {
  const name = `client_${service}${isLatest ? '' : '_previous'}`;
  const value = outputs[name]?.value;
  if (value === undefined) throw new Error(`there is no output ${name}`);
  return value as ClientOutput;
}

const namesOf = ({ service, generation }: Accepted, ...kinds: readonly string[]): readonly string[] =>
  kinds.map((kind) => `service-${service}-${generation} ${kind}`);

function managed(): Keys {
  return {
    mode: 'managed',
    request: () => Promise.resolve(undefined),
    handed: (identity, outputs, isLatest) => {
      const { certificate, key } = clientOutput(outputs, identity, isLatest);
      if (key === undefined) throw new Error(`the output of ${identity.service} has no key`);
      return Promise.resolve({ certificate, key });
    },
    resources: (identity) => namesOf(identity, 'certificate', 'key', 'request'),
  };
}

/** As the hosts of services make their requests: what the kit's own command for it calls. */
function fromRequests(): Keys {
  const keys = new Map<string, string>();
  return {
    mode: 'csr',
    request: async (deployment, { service, generation }) => {
      const name = `${service}-${generation}`;
      const path = `identities/${name}.csr.pem`;
      if (!keys.has(name)) {
        const key = await generateKey();
        keys.set(name, privateKeyPem(key));
        await mkdir(join(deployment.folder, 'identities'), { recursive: true });
        const request = makeRequest({ stack: stackName, service, generation }, key);
        await writeFile(join(deployment.folder, path), request);
      }
      return path;
    },
    handed: (identity, outputs, isLatest) => {
      const output = clientOutput(outputs, identity, isLatest);
      if (output.key !== undefined) throw new Error(`the output of ${identity.service} has a key`);
      const key = keys.get(`${identity.service}-${identity.generation}`) ?? '';
      return Promise.resolve({ certificate: output.certificate, key });
    },
    resources: (identity) => namesOf(identity, 'certificate'),
  };
}

/** Where terraform keeps the state of the stack here. */
export const statePath = (deployment: Deployment): string =>
  join(deployment.folder, `terraform.${stackName}.tfstate`);
