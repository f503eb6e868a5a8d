import type { Leaf } from '../values.ts';

/** Functions of terraform that give what is in a file. */
const readers = ['file()', 'filebase64()', 'templatefile()'];

/** The path of a file whose content is part of a value; undefined for another leaf. */
export function readFileOf({ path, text }: Leaf): string | undefined {
  return readers.includes(path.at(-1) ?? '') ? text : undefined;
}

/** Names that files with keys and passwords have. */
const secretFile = new RegExp(
  [
    String.raw`\.(?:key|p12|pfx|jks|ppk|keystore|kdbx|env|token)$`,
    String.raw`(?:^|[/._-])(?:key|privkey|private)\.(?:pem|der)$`,
    String.raw`(?:^|/)id_(?:rsa|dsa|ecdsa|ed25519)$`,
    String.raw`(?:^|[/._-])(?:secrets?|passwords?|passwd|passphrase|tokens?|credentials?|private[_-]?key)(?:\.\w+)?$`,
  ].join('|'),
  'i',
);

/** Whether a file's name says that there is a secret in it. */
export function isSecretFile(path: string): boolean {
  return secretFile.test(path);
}
