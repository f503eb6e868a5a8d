import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import * as z from 'zod';
import { maxStateBytes, withoutLookup, type Terraform } from './terraform.ts';

/** What the state says of how the kit is taken off a machine that exists. A destroy goes by this alone. */
export interface HostRemovalState {
  /** The resource in terraform's words. */
  readonly resource: string;
  /** The machine that it would be taken off. */
  readonly address: string;
  /** Whether the models go too that the kit has fetched. */
  readonly removesModels: boolean;
}

const stateSchema = z.object({
  values: z
    .object({
      root_module: z.object({
        resources: z
          .array(z.object({ address: z.string(), values: z.record(z.string(), z.unknown()) }))
          .default([]),
      }),
    })
    .optional(),
});
const inputSchema = z.object({ address: z.string(), remove_models: z.coerce.string() });

/**
 * Reads from a stack's state what a destroy of it would do.
 *
 * @returns undefined where the state has no machine that exists
 */
export async function readHostRemoval(
  { program }: Terraform,
  folder: string,
): Promise<HostRemovalState | undefined> {
  const { stdout } = await promisify(execFile)(program, [`-chdir=${folder}`, 'show', '-json'], {
    env: withoutLookup(process.env),
    maxBuffer: maxStateBytes,
  });
  const { values } = stateSchema.parse(JSON.parse(stdout));
  const found = values?.root_module.resources.find(({ address }) =>
    /^terraform_data\.\w*_host_removal_\w+$/.test(address),
  );
  if (found === undefined) return undefined;
  const { address, remove_models } = inputSchema.parse(found.values['input']);
  return { resource: found.address, address, removesModels: remove_models === 'true' };
}
