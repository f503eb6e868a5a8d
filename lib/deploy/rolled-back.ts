import { machineStatus } from './machine-status.ts';
import type { MachineLogin } from './ssh.ts';
import { readOutputs, stateAddresses, type StackOutputs, type Terraform } from './terraform.ts';

/** A machine on which something else is in force than the last apply brought. */
export interface RolledBack {
  readonly running: string;
  readonly deployed: string;
  /** What terraform is to make anew, so that the release is brought again. */
  readonly address: string;
}

/**
 * Asks the machine of a stack whether it still has what the last apply brought: a rollback there is nothing that
 * terraform sees by itself.
 *
 * @returns undefined where it has, or nothing was deployed yet
 * @throws UserError where the machine cannot be asked
 */
export async function findRolledBack(
  terraform: Terraform,
  folder: string,
  stack: string,
  login: Omit<MachineLogin, 'address' | 'hostKey'>,
): Promise<RolledBack | undefined> {
  const outputs = await readOutputs(terraform, folder, stack).catch(
    (): StackOutputs | undefined => undefined,
  );
  if (outputs === undefined) return undefined;
  const status = await machineStatus({ ...login, ...outputs });
  if (status.release === outputs.release) return undefined;
  const address = (await stateAddresses(terraform, folder)).find((one) =>
    /^terraform_data\.\w*_release_\w+$/.test(one),
  );
  return address === undefined ? undefined : { running: status.release, deployed: outputs.release, address };
}
