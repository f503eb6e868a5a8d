import { readFile, writeFile } from 'node:fs/promises';
import { shortName } from './identities-plan.ts';

interface State {
  readonly resources: readonly {
    readonly type: string;
    readonly name: string;
    readonly instances: readonly { readonly attributes: { validity_end_time: string } }[];
  }[];
}

/**
 * Makes terraform see a certificate as it will be ten days before its end: the state says so, which is what the provider
 * goes by. Nobody's clock changes.
 */
export async function ageInState(path: string, name: string): Promise<void> {
  const state = JSON.parse(await readFile(path, 'utf8')) as State;
  const found = state.resources.find(
    ({ type, name: resource }) =>
      type === 'tls_locally_signed_cert' && shortName(`${type}.${resource}`) === `${name} certificate`,
  );
  const attributes = found?.instances[0]?.attributes;
  if (attributes === undefined) throw new Error(`the state has no certificate ${name}`);
  attributes.validity_end_time = new Date(Date.now() + 10 * 24 * 60 * 60 * 1000).toISOString();
  await writeFile(path, JSON.stringify(state, null, 2));
}
