import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { StackConfig } from '../config/schema.ts';
import { deployCommandText } from '../messages/deploy.ts';
import { terminal } from '../messages/terminal.ts';
import { runProgram, type Answer } from './run-program.ts';

/** terraform or OpenTofu, as the environment names it. */
export interface Terraform {
  readonly program: string;
}

/**
 * Finds terraform (TERRAFORM_BINARY_NAME, else `terraform`) and checks what a stack needs of the environment, so that
 * nothing is begun that cannot be ended.
 *
 * @param use whether the stack is to be applied or planned, or only its state read
 * @throws UserError for a program that is missing or the wrong one, and for a variable that is not set
 */
export async function findTerraform(
  stack: StackConfig,
  use: 'apply' | 'read',
  environment: NodeJS.ProcessEnv = process.env,
): Promise<Terraform> {
  const program = environment['TERRAFORM_BINARY_NAME'] ?? 'terraform';
  const version = await promisify(execFile)(program, ['version'], { env: withoutLookup(environment) }).catch(
    () => undefined,
  );
  if (version === undefined) throw deployCommandText.noTerraform(program);
  if (stack.terraformState.encryptedByOpenTofu) {
    if (!version.stdout.startsWith('OpenTofu')) throw deployCommandText.needsOpenTofu;
    if (!environment['TF_ENCRYPTION']) throw deployCommandText.noEncryptionKey;
  }
  if (stack.terraformState.spaces !== undefined) checkSpacesVariables(environment);
  if (use === 'apply' && stack.target.digitalocean !== undefined && !environment['DIGITALOCEAN_TOKEN']) {
    throw deployCommandText.noToken;
  }
  return { program };
}

/** AES-256, which SSE-C is, has a key of 32 bytes; terraform takes it in base64. */
const customerKeyBytes = 32;

/** Without its key terraform would write the state all the same, and anybody with the bucket's credentials could read it. */
function checkSpacesVariables(environment: NodeJS.ProcessEnv): void {
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) {
    if (!environment[name]) throw deployCommandText.noSpacesCredential(name);
  }
  const key = environment['AWS_SSE_CUSTOMER_KEY'];
  if (!key) throw deployCommandText.noCustomerKey;
  const bytes = Buffer.from(key, 'base64');
  if (bytes.length !== customerKeyBytes || bytes.toString('base64') !== key) {
    throw deployCommandText.badCustomerKey(customerKeyBytes);
  }
}

/** Where a stack's terraform configuration is, below the folder that synthesis writes. */
export function stackFolder(outputFolder: string, stack: string): string {
  return join(outputFolder, 'stacks', stack);
}

/**
 * Runs terraform in a stack's folder, with this process's own terminal. What it writes is for this user alone.
 *
 * @throws UserError where it ends with another status than 0
 */
export async function runTerraform(
  { program }: Terraform,
  folder: string,
  parameters: readonly string[],
  quiet = false,
): Promise<void> {
  // A state has private keys: terraform would let everybody read it.
  const umask = process.umask(0o077);
  const child = spawn(program, [`-chdir=${folder}`, ...parameters], {
    stdio: ['inherit', quiet ? 'ignore' : 'inherit', 'inherit'],
    env: withoutLookup(process.env),
  });
  process.umask(umask);
  // Ctrl-C reaches terraform by itself, which ends what it began; this process waits for it.
  const ignore = (): void => undefined;
  process.on('SIGINT', ignore);
  try {
    const [status, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    if (status !== 0) throw deployCommandText.terraformFailed(parameters[0] ?? '', status ?? signal ?? '');
  } finally {
    process.off('SIGINT', ignore);
  }
}

/** What tells terraform whether there is somebody to ask, and a screen with colours. */
export function terminalParameters(): string[] {
  return [
    ...(process.stdin.isTTY ? [] : ['-input=false']),
    ...(terminal(process.stdout).colour ? [] : ['-no-color']),
  ];
}

/** A state has every certificate and key of a stack, a few kB each. */
const maxStateBytes = 64 * 1024 * 1024;

/** Runs terraform in a stack's folder for what it prints of the state, which goes through a pipe. */
export function askTerraform(
  { program }: Terraform,
  folder: string,
  parameters: readonly string[],
): Promise<Answer> {
  const limits = { env: withoutLookup(process.env), maxBuffer: maxStateBytes };
  return runProgram(program, [`-chdir=${folder}`, ...parameters], limits);
}

/** What a stack's last apply told of itself. */
export interface StackOutputs {
  /** The address for clients and for SSH. */
  readonly address: string;
  readonly hostKey: string;
  /** The name of the release that was to be in force. */
  readonly release: string;
}

/**
 * Reads the outputs of a stack's state.
 *
 * @throws UserError where it was never applied
 */
export async function readOutputs(
  terraform: Terraform,
  folder: string,
  stack: string,
): Promise<StackOutputs> {
  const values = (await outputOf(terraform, folder, '')) as Record<string, { value?: unknown } | undefined>;
  const text = (name: string): string => {
    const value = values[name]?.value;
    if (typeof value !== 'string' || value === '') throw deployCommandText.noOutputs(stack);
    return value;
  };
  return { address: text('address'), hostKey: text('host_key'), release: text('release') };
}

/**
 * What a stack's last apply told of its certificates: the value of the output `certificates`, not checked yet.
 *
 * @throws UserError where it was never applied
 */
export async function readCertificateOutput(
  terraform: Terraform,
  folder: string,
  stack: string,
): Promise<unknown> {
  const value = await outputOf(terraform, folder, 'certificates');
  if (!Array.isArray(value)) throw deployCommandText.noOutputs(stack);
  return value;
}

/** The value of one output, or a table of all; an empty object where there is none. */
async function outputOf(terraform: Terraform, folder: string, name: string): Promise<unknown> {
  const parameters = ['output', '-json', ...(name === '' ? [] : [name])];
  const { status, stdout } = await askTerraform(terraform, folder, parameters);
  return JSON.parse(status === 0 ? stdout : '{}');
}

/** The addresses of the resources in a stack's state; none where there is no state. */
export async function stateAddresses(terraform: Terraform, folder: string): Promise<string[]> {
  const { status, stdout } = await askTerraform(terraform, folder, ['state', 'list']);
  return (status === 0 ? stdout : '').split('\n').filter((line) => line !== '');
}

/** terraform asks its maker for news unless told not to. */
function withoutLookup(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { ...environment, CHECKPOINT_DISABLE: '1' };
}
