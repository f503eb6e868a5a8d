import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import * as z from 'zod';
import type { Terraform } from '../deploy/terraform.ts';
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
 * @throws UserError where the state has no certificate of that generation
 */
export async function materialFromTerraform(
  { program }: Terraform,
  folder: string,
  { stack, service, generation }: Identity,
): Promise<IdentityMaterial> {
  const names = [`client_${service}`, `client_${service}_previous`];
  const found: number[] = [];
  for (const name of names) {
    const material = await readOutput(program, folder, name);
    if (material === undefined) continue;
    const [certificate] = readCertificates(material.certificate, `terraform's output ${name}`);
    const its = generationOf(certificate);
    if (its === generation) return material;
    if (its !== undefined) found.push(its);
  }
  if (found.length === 0) throw bundleText.noOutput(stack, service);
  throw bundleText.noSuchGeneration(service, generation, found);
}

async function readOutput(
  program: string,
  folder: string,
  name: string,
): Promise<IdentityMaterial | undefined> {
  const read = await promisify(execFile)(
    program,
    [`-chdir=${folder}`, 'output', '-no-color', '-json', name],
    {
      env: { ...process.env, CHECKPOINT_DISABLE: '1' },
    },
  ).catch(() => undefined);
  if (read === undefined) return undefined;
  try {
    return output.parse(JSON.parse(read.stdout));
  } catch {
    throw bundleText.strangeOutput(name); // Without the cause, which may show the key.
  }
}
