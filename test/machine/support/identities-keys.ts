import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateKey, privateKeyPem } from '../../../lib/pki/keys.ts';
import type { Authority } from '../../../lib/pki/authority.ts';
import { makeRequest } from '../../../lib/pki/request.ts';
import { stackName, type Deployment } from './deployment.ts';
import { authorityIn } from './identities-expiry.ts';
import { external } from './identities-external.ts';
import { leafOf } from './identities-resources.ts';
import { ageInState } from './identities-time.ts';

/** Where the keys of services are: the same changes are made and judged with each. */
export const keyModes = ['managed', 'csr', 'external'] as const;
export type KeyMode = (typeof keyModes)[number];

/** One generation of a service, as a configuration lets it in. */
export interface Accepted {
  readonly service: string;
  readonly generation: number;
}

/** What terraform's outputs say, by name. */
export type Outputs = Readonly<Record<string, { readonly value: unknown }>>;

/** A certificate and its key, as a service's host has them: PEM. */
export interface Pair {
  readonly certificate: string;
  readonly key: string;
}

/** What a mode of keys does differently. */
export interface Keys {
  readonly mode: KeyMode;
  /** The configuration's pki: CAs by number, the issuing one first. */
  readonly section: (authorities: readonly number[]) => object;
  /**
   * What a service's entry names for one of its generations; makes what it needs of the service's host.
   *
   * @param isLatest false for the generation before, in an overlap
   */
  readonly request: (identity: Accepted, isLatest: boolean) => Promise<string | undefined>;
  /** What is done between the change of the configuration and the apply. */
  readonly prepare: (authorities: readonly number[]) => Promise<void>;
  /** What a service's host has once the configuration is applied. */
  readonly handed: (identity: Accepted, outputs: Outputs, isLatest: boolean) => Promise<Pair>;
  /** Makes the certificate of a service one in the last third of its life. */
  readonly age: (identity: Accepted) => Promise<void>;
  /** The first CA, with its key. */
  readonly authority: () => Promise<Authority>;
}

export function keysOf(mode: KeyMode, deployment: Deployment): Keys {
  switch (mode) {
    case 'managed':
      return managed(deployment);
    case 'csr':
      return fromRequests(deployment);
    case 'external':
      return external(deployment);
  }
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

function ofTerraform(
  mode: KeyMode,
  deployment: Deployment,
): Pick<Keys, 'mode' | 'section' | 'prepare' | 'age' | 'authority'> {
  return {
    mode,
    section: ([caGeneration, ...alsoTrustedCaGenerations]) => ({
      mode,
      caGeneration,
      alsoTrustedCaGenerations,
    }),
    prepare: () => Promise.resolve(),
    age: (identity) => ageInState(statePath(deployment), leafOf(identity)),
    authority: () => authorityIn(statePath(deployment)),
  };
}

function managed(deployment: Deployment): Keys {
  return {
    ...ofTerraform('managed', deployment),
    request: () => Promise.resolve(undefined),
    handed: (identity, outputs, isLatest) => {
      const { certificate, key } = clientOutput(outputs, identity, isLatest);
      if (key === undefined) throw new Error(`the output of ${identity.service} has no key`);
      return Promise.resolve({ certificate, key });
    },
  };
}

/** As the hosts of services make their requests: what the kit's own command for it calls. */
function fromRequests(deployment: Deployment): Keys {
  const keys = new Map<string, string>();
  return {
    ...ofTerraform('csr', deployment),
    request: async ({ service, generation }, isLatest) => {
      const name = `${service}-${generation}`;
      const path = `identities/${name}.csr.pem`;
      if (!keys.has(name)) {
        // One that terraform had made before.
        if (!isLatest) return undefined;
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
      const key = keys.get(`${identity.service}-${identity.generation}`) ?? output.key;
      if (key === undefined || (isLatest && output.key !== undefined)) {
        throw new Error(`the key of ${identity.service} is not where it belongs`);
      }
      return Promise.resolve({ certificate: output.certificate, key });
    },
  };
}

/** Where terraform keeps the state of the stack here. */
export const statePath = (deployment: Deployment): string =>
  join(deployment.folder, `terraform.${stackName}.tfstate`);
