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
