import { readFile, writeFile } from 'node:fs/promises';
import { shortName } from './identities-plan.ts';
import { statePath } from './identities-keys.ts';
import type { Deployment } from './deployment.ts';

interface State {
  readonly resources: readonly {
    readonly type: string;
    readonly name: string;
    readonly instances: readonly { readonly attributes: { validity_end_time: string } }[];
  }[];
}

/**
 * Makes terraform see a certificate as it will be near its end: the state says so of its end, which is what the provider
 * goes by. Nobody's clock changes.
 */
export async function ageCertificate(deployment: Deployment, name: string, daysLeft = 10): Promise<void> {
  const state = JSON.parse(await readFile(statePath(deployment), 'utf8')) as State;
  const found = state.resources.find(
    ({ type, name: resource }) =>
      type === 'tls_locally_signed_cert' && shortName(`${type}.${resource}`) === `${name} certificate`,
  );
  const attributes = found?.instances[0]?.attributes;
  if (attributes === undefined) throw new Error(`the state has no certificate ${name}`);
  attributes.validity_end_time = new Date(Date.now() + daysLeft * 24 * 60 * 60 * 1000).toISOString();
  await writeFile(statePath(deployment), JSON.stringify(state, null, 2));
}
