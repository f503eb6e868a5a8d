import { dirname, resolve as resolvePath } from 'node:path';
import type { StackConfig } from '../config/schema.ts';
import { findTerraform, stackFolder } from '../deploy/terraform.ts';
import { bundleText } from '../messages/bundle.ts';
import { acceptedGenerations } from '../model/accepted-generations.ts';
import { resolve } from '../model/resolve.ts';
import type { Identity } from '../pki/identity.ts';
import { checkMaterial, type CheckedIdentity } from './check-material.ts';
import { bundleContent, type BundleContent, type BundleDescription } from './content.ts';
import { defaultListen, type ForwarderListen } from './forwarder.ts';
import { materialFromPki } from './from-pki.ts';
import { materialFromTerraform } from './from-terraform.ts';
import type { IdentityMaterial } from './material.ts';
import { findBundle, writeBundle, type WriteOutcome } from './write-bundle.ts';

/** What a bundle is to hold, and where it goes. */
export interface BundleWish {
  readonly stackName: string;
  readonly stack: StackConfig;
  /** The configuration file, which paths of the configuration are relative to. */
  readonly configFile: string;
  readonly service: string;
  /** By default the newest that the configuration lets in. */
  readonly generation: number | undefined;
  /** The folder of `hardening pki`; by default what the configuration says, terraform's state in modes without one. */
  readonly pkiDirectory: string | undefined;
  readonly terraformOut: string;
  /** By default as the bundle that is renewed has it, else the port of loopback for root alone. */
  readonly listen: ForwarderListen | undefined;
  /** The host name or address to connect to; by default as the bundle that is renewed has it, else the gateway's name. */
  readonly address: string | undefined;
  readonly directory: string;
}

export interface MadeBundle extends BundleContent, CheckedIdentity {
  readonly outcome: WriteOutcome;
}

/**
 * Makes the bundle of a service, or renews it, when the certificate is the one that the gateway will let in.
 *
 * @throws UserError where there is none, or the folder is something else; nothing is written then
 */
export async function makeBundle(wish: BundleWish): Promise<MadeBundle> {
  const identity = identityOf(wish);
  const before = await findBundle(wish.directory, identity);
  const material = await materialOf(wish, identity);
  const checked = checkMaterial(material, identity, new Date());
  const content = bundleContent(
    resolve(wish.stackName, wish.stack),
    wish.stack,
    {
      identity,
      listen: wish.listen ?? before?.listen ?? defaultListen,
      address: wish.address ?? keptAddress(before),
      keyIsBeside: material.key === undefined,
    },
    material,
  );
  return { ...content, ...checked, outcome: await writeBundle(wish.directory, content) };
}

/** The address that a bundle was given; one that follows the gateway's name goes on to. */
function keptAddress(before: BundleDescription | undefined): string | undefined {
  return before === undefined || before.gateway.address === before.gateway.name
    ? undefined
    : before.gateway.address;
}

function identityOf({ stackName, stack, service, generation }: BundleWish): Identity {
  const section = Object.hasOwn(stack.services, service) ? stack.services[service] : undefined;
  if (section === undefined) throw bundleText.noService(service, stackName, Object.keys(stack.services));
  const accepted = acceptedGenerations(service, section, stack.revoked);
  const wanted = generation ?? section.generation;
  if (!accepted.includes(wanted)) throw bundleText.notAccepted(service, wanted, accepted);
  return { stack: stackName, service, generation: wanted };
}

async function materialOf(wish: BundleWish, identity: Identity): Promise<IdentityMaterial> {
  const { pki } = wish.stack;
  const besideConfiguration = (path: string): string => resolvePath(dirname(wish.configFile), path);
  const directory =
    wish.pkiDirectory ?? (pki.directory === undefined ? undefined : besideConfiguration(pki.directory));
  if (directory !== undefined) {
    return materialFromPki(directory, pki.alsoTrustedDirectories.map(besideConfiguration), identity);
  }
  const terraform = await findTerraform(wish.stack, 'read');
  return materialFromTerraform(terraform, stackFolder(wish.terraformOut, wish.stackName), identity);
}
