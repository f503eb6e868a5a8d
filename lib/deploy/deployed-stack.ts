import type { Config, StackConfig } from '../config/schema.ts';
import { deployCommandText } from '../messages/deploy.ts';
import type { ReleaseConnection } from '../model/infrastructure/infrastructure.ts';
import { resolveInfrastructure } from '../model/infrastructure/resolve-infrastructure.ts';
import { resolve } from '../model/resolve.ts';

/** A stack that has a machine to go to. */
export interface DeployedStack {
  readonly name: string;
  readonly stack: StackConfig;
}

/**
 * The stack that a command is about: the named one, or the only one that is deployed.
 *
 * @param file the configuration's name, for messages
 * @throws UserError where none is deployed, the named one is not, or several are and none is named
 */
export function chooseDeployedStack(config: Config, file: string, wanted: string | undefined): DeployedStack {
  const deployed = Object.entries(config.stacks)
    .filter(([, { target }]) => target.host !== undefined || target.digitalocean !== undefined)
    .map(([name, stack]) => ({ name, stack }));
  const names = deployed.map(({ name }) => name);
  const [only] = deployed;
  if (wanted !== undefined) {
    const found = deployed.find(({ name }) => name === wanted);
    if (found === undefined) throw deployCommandText.notDeployed(wanted, names);
    return found;
  }
  if (only === undefined) throw deployCommandText.nothingToDeploy(file);
  if (deployed.length > 1) throw deployCommandText.whichStack(names);
  return only;
}

/** How SSH logs in to the machine of a deployed stack. */
export function connectionOf({ name, stack }: DeployedStack): ReleaseConnection {
  const { target } = resolveInfrastructure(resolve(name, stack), stack);
  if (target === undefined) throw new RangeError('a deployed stack has a target');
  return target.connection;
}
