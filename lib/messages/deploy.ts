import { showValue } from './config.ts';
import { UserError } from './user-error.ts';

/** Wording of deploy and status. */
export const deployCommandText = {
  nothingToDeploy: (file: string) =>
    new UserError(
      `${file}: no stack has target.host or target.digitalocean`,
      'give a stack one of them; README.md shows how',
    ),
  notDeployed: (name: string, names: readonly string[]) =>
    new UserError(
      `there is no stack ${showValue(name)} that is deployed`,
      names.length === 0
        ? 'give it target.host or target.digitalocean'
        : `choose one of: ${names.join(', ')}`,
    ),
  whichStack: (names: readonly string[]) =>
    new UserError('several stacks are deployed', `name one of: ${names.join(', ')}`),
  noTerraform: (program: string) =>
    new UserError(
      `${showValue(program)} is not installed`,
      'install terraform 1.5 or later, or OpenTofu and set TERRAFORM_BINARY_NAME=tofu',
    ),
  needsOpenTofu: new UserError(
    'terraformState.encryptedByOpenTofu is set, and terraform cannot encrypt a state',
    'install OpenTofu 1.7 or later and set TERRAFORM_BINARY_NAME=tofu',
  ),
  noEncryptionKey: new UserError(
    'terraformState.encryptedByOpenTofu is set, and TF_ENCRYPTION is not',
    'set it to your key provider and method; docs/operations.md has an example',
  ),
  noSpacesCredential: (name: string) =>
    new UserError(
      `terraformState.spaces is set, and ${name} is not`,
      'make a key for Spaces in the control panel, and export both its halves in this shell only',
    ),
  noCustomerKey: new UserError(
    'terraformState.spaces is set, and AWS_SSE_CUSTOMER_KEY is not: the state would be written without your key',
    'make one once with `openssl rand -base64 32`, keep it where the team keeps its secrets, and export it: without ' +
      'it the state cannot be read again',
  ),
  badCustomerKey: (bytes: number) =>
    new UserError(
      `AWS_SSE_CUSTOMER_KEY is not the base64 of ${bytes} bytes`,
      'copy it whole; where there is none yet, make one with `openssl rand -base64 32`',
    ),
  noToken: new UserError(
    'DIGITALOCEAN_TOKEN is not set',
    'make a token with read and write access in the control panel, and export it in this shell only',
  ),
  terraformFailed: (step: string, status: number | string) =>
    new UserError(
      `terraform ${step} ended with ${status}`,
      'its own words are above; what the machine said begins with "hardening:"',
      1,
    ),
  noOutputs: (stack: string) =>
    new UserError(
      `terraform knows of no deployment of ${stack}`,
      `deploy it first: hardening deploy ${stack}`,
    ),
  leavesOutYourself: (address: string, sources: readonly string[]) =>
    `ssh.sources (${sources.join(', ')}) does not have ${address}, the address of this computer on its way there. ` +
    'Unless a router translates it, the release locks you out, and the machine takes it back after 90 s.',
  rolledBack: (running: string, deployed: string) =>
    `the machine runs release ${running.slice(0, 12) || 'none'}, not ${deployed.slice(0, 12)}, which the last apply ` +
    'brought: the release is brought again',
  notAsked: (problem: string) => `whether the machine was rolled back is not known: ${problem}`,
  unreachable: (address: string, said: string) =>
    new UserError(
      `${address} could not be asked over SSH: ${said}`,
      'check the network, ssh.sources, your key (ssh-add -l, or --identity FILE) and the host key',
    ),
  noRelease: (address: string, said: string) =>
    new UserError(
      `${address} has no hardening-release, or gave no answer: ${said}`,
      'deploy the stack first, with a user who is root or has sudo without a password',
    ),
};
