import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { bundleText, verifyText } from '../../messages/bundle.ts';
import type { BundleDescription } from '../content.ts';
import type { IdentityMaterial } from '../material.ts';
import { readDescription } from '../write-bundle.ts';
import { checkModes } from './files.ts';
import type { Finding } from './finding.ts';
import { checkForwarder } from './forwarder.ts';
import { checkGateway } from './gateway.ts';
import { checkIdentity } from './identity.ts';

export type { Finding } from './finding.ts';

/** How a bundle is looked at. */
export interface VerifyOptions {
  /** From how many days before its end a certificate wants attention. */
  readonly noticeDays: number;
  /** Whether the gateway is called as well. */
  readonly connects: boolean;
}

/** What a look at a bundle came to. */
export interface Verdict {
  readonly description: BundleDescription;
  readonly findings: readonly Finding[];
}

/**
 * Looks at a bundle where it is, and changes nothing.
 *
 * @throws UserError for a folder that is no bundle
 */
export async function verifyBundle(
  directory: string,
  { noticeDays, connects }: VerifyOptions,
): Promise<Verdict> {
  const root = resolve(directory);
  const description = await readDescription(root).catch(() => {
    throw bundleText.unreadableBundle(directory);
  });
  const keyPath = join(root, 'key.pem');
  const material = await materialIn(root).catch(() => {
    throw bundleText.unreadableBundle(directory);
  });
  const version = join(root, 'versions', description.version);
  const findings = [
    await checkModes(root),
    ...checkIdentity(material, description, keyPath, noticeDays, new Date()),
    // nginx wants a key: without it only a host that has it can tell.
    material.key === undefined
      ? { check: 'forwarder' as const, outcome: 'unknown' as const, text: verifyText.noKey(keyPath) }
      : await checkForwarder(version, description.version, keyPath),
    ...(connects ? [await checkGateway(material, description)] : []),
  ];
  return { description, findings };
}

async function materialIn(root: string): Promise<IdentityMaterial> {
  const read = (name: string): Promise<string> => readFile(join(root, name), 'utf8');
  return {
    certificate: await read('certificate.pem'),
    key: await read('key.pem').catch(() => undefined),
    ca: await read('ca.pem'),
  };
}
