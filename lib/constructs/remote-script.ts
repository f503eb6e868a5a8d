import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { RemoteExecProvisioner } from 'cdktf/lib/terraform-provisioner.js';
import { literal } from './terraform-text.ts';

/** A script of over-ssh/, after a line that sets its variable where it has one. */
export function remoteScript(name: string, assignment?: string): RemoteExecProvisioner {
  const file = fileURLToPath(new URL(`over-ssh/${name}`, import.meta.url));
  const text = literal(readFileSync(file, 'utf8'));
  return { type: 'remote-exec', inline: assignment === undefined ? [text] : [assignment, text] };
}
