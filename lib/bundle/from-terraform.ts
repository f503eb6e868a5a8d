import { existsSync } from 'node:fs';
import * as z from 'zod';
import { askTerraform, type Terraform } from '../deploy/terraform.ts';
import { bundleText } from '../messages/bundle.ts';
import type { Identity } from '../pki/identity.ts';
import { generationOf, readCertificates } from './check-material.ts';
import type { IdentityMaterial } from './material.ts';

const output = z.object({
  certificate: z.string().min(1),
  /** Not there in csr mode. */
  key: z
    .string()
    .nullish()
    .transform((key) => key ?? undefined),
  ca: z.string().min(1),
});

/**
 * Reads the certificate of one generation of a service from the outputs of a stack's state: `client_SERVICE` has the
 * newest, `client_SERVICE_previous` the one before where both are let in. They come through a pipe, and nothing else of
 * the state is asked for.
 *
 * @param folder the stack's terraform configuration
 * @throws UserError where the state has no certificate of that generation, or terraform cannot read it
 */
export async function materialFromTerraform(
  terraform: Terraform,
  folder: string,
  { stack, service, generation }: Identity,
): Promise<IdentityMaterial> {
  const names = [`client_${service}`, `client_${service}_previous`];
  const found: number[] = [];
  for (const name of names) {
    const material = await readOutput(terraform, folder, name);
    if (material === undefined) continue;
    const [certificate] = readCertificates(material.certificate, `terraform's output ${name}`);
    const its = generationOf(certificate);
    if (its === generation) return material;
    if (its !== undefined) found.push(its);
  }
  if (found.length === 0) throw bundleText.noOutput(stack, service);
  throw bundleText.noSuchGeneration(service, generation, found);
}

/** One output of a state; undefined where the state, or the folder that terraform is to look into, has none. */
async function readOutput(
  terraform: Terraform,
  folder: string,
  name: string,
): Promise<IdentityMaterial | undefined> {
  const parameters = ['output', '-no-color', '-json', name];
  const { status, stdout, stderr } = await askTerraform(terraform, folder, parameters);
  if (status !== 0) {
    if (!existsSync(folder) || stderr.includes(`Output "${name}" not found`)) return undefined;
    throw bundleText.outputFailed(name, problemOf(stderr));
  }
  try {
    return output.parse(JSON.parse(stdout));
  } catch {
    throw bundleText.strangeOutput(name); // Without the cause, which may show the key.
  }
}

/**
 * What terraform says is wrong: its first error and the beginning of its explanation, on one line. A backend's URL may
 * have a credential, so that of each only the scheme and the host are left.
 */
export function problemOf(stderr: string): string {
  const said = stderr.replaceAll(/^[ \t│╷╵]+/gm, '');
  const [headline = '', ...explanation] = said
    .slice(Math.max(0, said.search(/^Error\b/m)))
    .split('\n')
    .filter((line) => line !== '');
  return [headline, ...explanation.slice(0, 1)]
    .join(' ')
    .replaceAll(/\b([a-z][a-z0-9+.-]*:\/\/)(?:[^\s"'/@]*@)?([^\s"'/?#]*)[^\s"']*/gi, '$1$2')
    .slice(0, 300);
}
