import { UserError } from './user-error.ts';

export function malformedEncryptedKey(path: string): UserError {
  return new UserError(
    `${path} does not hold an encrypted PEM private key.`,
    'Name the folder that hardening pki init made, or choose another one for a CA of its own.',
  );
}

export function wrongPassphrase(path: string): UserError {
  return new UserError(
    `${path} cannot be decrypted: the passphrase is another one, or the file is damaged.`,
    'Give the passphrase that the CA was made with. Nobody can recover it.',
  );
}

export function noIndex(path: string): UserError {
  return new UserError(
    `${path} is missing: this is no folder of hardening pki.`,
    'Name its folder with --dir, or make one: hardening pki init --dir DIR --stack NAME.',
  );
}

export function indexLost(path: string): UserError {
  return new UserError(
    `${path} is missing, and there are certificates: what the CA issued would be unknown, and could not be revoked.`,
    'Restore the index from a copy, or choose another folder.',
  );
}

export function malformedIndex(path: string, why: string): UserError {
  return new UserError(`${path} cannot be read: ${why}.`, 'Restore it from a copy.');
}

export function folderExists(root: string): UserError {
  return new UserError(
    `${root} has a CA already, and it is not overwritten.`,
    'Choose another folder with --dir; to change to another CA, trust both for a while (pki.alsoTrustedDirectories).',
  );
}

export function notKeptFolder(root: string): UserError {
  return new UserError(
    `${root} has a CA certificate without a key, so it is not one that hardening pki can complete.`,
    'Choose another folder with --dir.',
  );
}

export function folderInUse(root: string, holder: number, lock: string): UserError {
  return new UserError(
    `Process ${holder} works in ${root}, and has not ended for ten seconds.`,
    `Wait for it, and run this again. If process ${holder} is something else, the lock is of a run that was killed: rm ${lock}`,
  );
}

export function lockStays(path: string): UserError {
  return new UserError(
    `${path} was left by a process that was killed at a bad moment.`,
    `Make sure that no other hardening pki runs there, and remove it: rm ${path}`,
  );
}

export function revokedIdentity(service: string, generation: number, next: number): UserError {
  return new UserError(
    `${service} ${generation} was revoked, and a revoked identity is not issued again.`,
    `Set services.${service}.generation to ${next} in the configuration, and issue that.`,
  );
}

export function otherKeyForIdentity(source: string, service: string, generation: number): UserError {
  return new UserError(
    `${source} has another key than the running certificate of ${service} ${generation}.`,
    `Ask with the same key to renew it, or raise the generation to change the key.`,
  );
}

export function keyOfAnotherEntry(name: string, other: string): UserError {
  return new UserError(
    `The key of ${name} is that of ${other} too, so whoever has it could speak for both.`,
    `Give ${name} a key of its own.`,
  );
}

export function nothingToRevoke(service: string | undefined, generation: number | undefined): UserError {
  const what = [service ?? 'the gateway', generation ?? ''].join(' ').trim();
  return new UserError(
    `No certificate was ever issued for ${what}.`,
    'hardening pki inspect lists what was issued.',
  );
}
