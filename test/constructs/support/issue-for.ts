import { parseConfig } from '../../../lib/config/parse.ts';
import { externalWanted } from '../../../lib/model/external-wanted.ts';
import { resolve } from '../../../lib/model/resolve.ts';
import { issueDue } from '../../../lib/pki/issuing.ts';
import { signFolderCrl } from '../../../lib/pki/revoking.ts';
import type { KeptPki } from '../../pki/support/kept-pki.ts';
import type { StackInput } from '../../support/test-gateway.ts';

/** As `hardening pki issue` and `hardening pki crl` do for a configuration. */
export async function issueFor(kept: KeptPki, name: string, input: StackInput): Promise<void> {
  const stack = parseConfig({ stacks: { [name]: input } }, 'test').stacks[name];
  if (stack === undefined) throw new Error('the stack is gone');
  const wanted = externalWanted(resolve(name, stack));
  const now = new Date();
  await issueDue(kept.paths, wanted, kept.unlock, now);
  const accepted = [wanted.health, ...wanted.clients].map(({ identity }) => identity);
  await signFolderCrl(kept.paths, await kept.unlock(), { accepted, now });
}
