import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { stackName } from './deployment.ts';
import { statePath } from './identities-keys.ts';
import type { ProcessWatch } from './identities-processes.ts';
import type { IdentityStack } from './identities-stack.ts';

/** Lines that are in private keys alone, by whose key it is. */
interface KeyLines {
  /** The services', in each form that the key was written in. */
  readonly services: readonly string[];
  /** The CA's, the server's and the machine's own, as far as terraform's state has them. */
  readonly ofState: readonly string[];
}

/** The longest line of each private key: its base64, which has the secret number. */
function linesOfKeys(text: string): string[] {
  const pems = text.matchAll(/-----BEGIN [A-Z ]*PRIVATE KEY-----\n([^-]+)-----END/g);
  return [...pems].map(([, body = '']) =>
    body.split('\n').reduce((longest, line) => (line.length > longest.length ? line : longest), ''),
  );
}

/** The text of the state, and of what terraform keeps of the one before. */
async function stateText({ deployment }: IdentityStack): Promise<string> {
  const path = statePath(deployment);
  return (await readFile(path, 'utf8')) + (await readFile(`${path}.backup`, 'utf8'));
}

export async function keyLines(stack: IdentityStack): Promise<KeyLines> {
  const state = JSON.parse(await readFile(statePath(stack.deployment), 'utf8')) as {
    readonly resources: readonly {
      readonly type: string;
      readonly name: string;
      readonly instances: readonly { readonly attributes: Readonly<Record<string, unknown>> }[];
    }[];
  };
  const [services, ofState]: [string[], string[]] = [[], []];
  for (const { type, name, instances } of state.resources) {
    if (type !== 'tls_private_key') continue;
    const isServices = /_service-(?!health-)/.test(name);
    for (const { attributes } of instances) {
      const pems = Object.values(attributes).filter((value) => typeof value === 'string');
      (isServices ? services : ofState).push(...linesOfKeys(pems.join('\n')));
    }
  }
  for (const { key } of stack.issued.values()) services.push(...linesOfKeys(key));
  return { services: [...new Set(services)], ofState: [...new Set(ofState)] };
}

/** The files below a folder that have one of the lines, or the words PRIVATE KEY. */
async function filesWith(folder: string, lines: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const text = await readFile(path, 'latin1');
    if (hasKey(text, lines)) found.push(path);
  }
  return found;
}

export function hasKey(text: string, lines: readonly string[]): boolean {
  return /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text) || lines.some((line) => text.includes(line));
}

/**
 * Holds where private keys are after changes of all kinds: services' keys in the state in `managed` mode alone, none at
 * all there in `external` mode, and otherwise in no plan, output, log, rendered or synthesized file, process's arguments
 * or file of the machine, but for the two keys that the gateway and its check have there.
 */
export async function expectNoKeyElsewhere(stack: IdentityStack, watch: ProcessWatch): Promise<void> {
  const { deployment, host, keys, said } = stack;
  const { services, ofState } = await keyLines(stack);
  const lines = [...services, ...ofState];
  expect(services.length).toBeGreaterThanOrEqual(3);

  const state = await stateText(stack);
  const inState = services.filter((line) => state.includes(line));
  if (keys.mode === 'managed') expect(inState).not.toEqual([]);
  else expect(inState).toEqual([]);
  if (keys.mode === 'external') expect(hasKey(state, lines)).toBe(false);
  else expect(ofState.length).toBeGreaterThanOrEqual(3);

  // A plan that is kept has the state in it; what is shown of it has not.
  const stackFolder = join('cdktf.out/stacks', stackName);
  const planned = await deployment.terraform('plan', '-no-color', '-out=kept.plan');
  expect(planned.status, planned.stderr).toBe(0);
  const shown = await deployment.terraform('show', '-no-color', 'kept.plan');
  const whole = await deployment.terraform('show', '-json', 'kept.plan');
  await rm(join(deployment.folder, stackFolder, 'kept.plan'));
  if (keys.mode !== 'managed') expect(services.filter((line) => whole.stdout.includes(line))).toEqual([]);
  if (keys.mode === 'external') expect(hasKey(whole.stdout, lines)).toBe(false);
  const rendered = await deployment.hardening('render');
  expect(rendered.status, rendered.stderr).toBe(0);
  for (const text of [planned.stdout, planned.stderr, shown.stdout, rendered.stdout, ...said]) {
    expect(hasKey(text, lines)).toBe(false);
  }
  expect(await filesWith(join(deployment.folder, 'rendered'), lines)).toEqual([]);
  expect(await filesWith(join(deployment.folder, 'cdktf.out'), lines)).toEqual([]);

  // It has seen the programs that handle keys.
  const commands = [...watch.seen].join('\n');
  expect(commands).toContain('/programs/activate.sh');
  if (keys.mode !== 'external') expect(commands).toContain('sign-crl.js');
  expect(hasKey(commands, lines)).toBe(false);

  const journal = await host.machine.output(['journalctl', '-q', '--no-pager']);
  expect(journal).toContain('hardening');
  expect(hasKey(journal, lines)).toBe(false);
  await host.machine.write('/root/lines', `${lines.join('\n')}\n`, 0o600);
  const folders = ['/etc', '/root', '/var', '/opt', '/usr/local', '/run', '/tmp', '/home'];
  const search = `grep -r -l -F -f /root/lines ${folders.join(' ')} 2>/dev/null | grep -v -x /root/lines`;
  const found = (await host.machine.run(['sh', '-c', search])).stdout.split('\n').slice(0, -1);
  await host.machine.output(['rm', '/root/lines']);
  // Those of the releases that are kept.
  const elsewhere = found.filter(
    (path) => !/^\/var\/lib\/hardening\/releases\/[0-9a-f]+\/tls\/(?:server|health)\.key$/.test(path),
  );
  expect(elsewhere).toEqual([]);
  if (keys.mode !== 'external') expect(found).not.toEqual([]);
}
