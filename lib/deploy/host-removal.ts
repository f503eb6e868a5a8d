import * as z from 'zod';
import { askTerraform, type Terraform } from './terraform.ts';

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
 * @throws Error where terraform cannot read the state
 */
export async function readHostRemoval(
  terraform: Terraform,
  folder: string,
): Promise<HostRemovalState | undefined> {
  const { status, stdout, failure } = await askTerraform(terraform, folder, ['show', '-json']);
  if (status !== 0) throw new Error(failure);
  const { values } = stateSchema.parse(JSON.parse(stdout));
  const found = values?.root_module.resources.find(({ address }) =>
    /^terraform_data\.\w*_host_removal_\w+$/.test(address),
  );
  if (found === undefined) return undefined;
  const { address, remove_models } = inputSchema.parse(found.values['input']);
  return { resource: found.address, address, removesModels: remove_models === 'true' };
}
