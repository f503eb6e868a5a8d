import { base64Runs, bytesOf, inflated } from './encoded-texts.ts';

/** A key of an object of JSON, also of one that stands in a text of JSON. */
const quotedKey = (name: string): string => `\\\\*"${name}\\\\*"\\s*:\\s*`;

/** Forms of secrets that are told by their text; `words` is what findings call them. */
const forms: readonly { readonly words: string; readonly pattern: RegExp }[] = [
  { words: 'a private key', pattern: /-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----/ },
  { words: 'a private key', pattern: /PuTTY-User-Key-File-\d: |AGE-SECRET-KEY-1[0-9A-Z]{30,}/ },
  { words: 'a token of DigitalOcean', pattern: /\bdo[opr]_v1_[a-f0-9]{64}\b/ },
  { words: 'a token of GitHub', pattern: /\bgh[pousr]_[A-Za-z0-9]{36,}\b|\bgithub_pat_[A-Za-z0-9_]{22,}\b/ },
  { words: 'a token of GitLab', pattern: /\bgl(?:pat|dt|rt|ft|ptt|cbt|soat)-[\w-]{20,}/ },
  { words: 'a token of Bitbucket', pattern: /\bATBB[A-Za-z0-9]{32}\b|\bATCTT3[A-Za-z0-9_=-]{40,}/ },
  { words: 'an access key of AWS', pattern: /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/ },
  {
    words: 'a secret key of AWS',
    pattern: /\b(?:AWS_SECRET_ACCESS_KEY|aws_secret_access_key)["']?\s*[=:]\s*["']?[A-Za-z0-9/+]{40}\b/,
  },
  { words: 'a token of Slack', pattern: /\bxox[abeprs]-[A-Za-z0-9-]{10,}/ },
  { words: 'a token of npm', pattern: /\bnpm_[A-Za-z0-9]{36}\b/ },
  {
    words: 'an API key',
    pattern: /\bsk-(?:ant-|proj-)?[A-Za-z0-9_-]{20,}\b|\bAIza[0-9A-Za-z_-]{35}\b|\bhf_[A-Za-z0-9]{34}\b/,
  },
  { words: 'a bearer token', pattern: /\bBearer\s+[A-Za-z0-9._~+/-]{16,}/ },
  { words: 'credentials', pattern: /\bAuthorization:\s*Basic\s+[A-Za-z0-9+/]{8,}/i },
  { words: 'a JSON web token', pattern: /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}/ },
  { words: 'a password in a URL', pattern: /\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@"'$<>{}]+:[^\s/:@"'$<>{}]{4,}@/ },
  // RFC 7518, 6: `d` is the private part, `k` a key that both sides have.
  {
    words: 'a private key (JWK)',
    pattern: new RegExp(
      `${quotedKey('kty')}[^{}]*${quotedKey('[dk]')}\\\\*"[\\w-]{16,}|${quotedKey('[dk]')}\\\\*"[\\w-]{16,}[^{}]*${quotedKey('kty')}`,
    ),
  },
  { words: 'a password', pattern: /\bplain_text_passwd["']?\s*:\s*["']?[^\s"'$]{4,}/ },
];
const anyForm = new RegExp(forms.map(({ pattern }) => `(?:${pattern.source})`).join('|'), 'i');

/**
 * How a private key begins in DER: a sequence of a version and an algorithm (PKCS#8, RFC 5958), a modulus (PKCS#1), a
 * number (SEC 1) or a safe (PKCS#12); or of PBES2's name (an encrypted PKCS#8).
 */
const privateKeyDer =
  /^30(?:[0-7].|81..|82....)(?:0201(?:0[01]30|0002|0104|0330)|30(?:[0-7].|81..|82....)06092a864886f70d01050d)/;

/** Of 30 bytes or more. */
const encoded = base64Runs(40);
const maximumDepth = 4;

/** What secrets a text has, in words: as it is, in base64, and in gzip within that. */
export function secretsIn(text: string, depth = 0): string[] {
  const found = anyForm.test(text)
    ? forms.filter(({ pattern }) => pattern.test(text)).map(({ words }) => words)
    : [];
  if (depth >= maximumDepth || text.length < 40) return [...new Set(found)];
  const inner = (text.match(encoded) ?? []).flatMap((run) => {
    const bytes = bytesOf(run);
    if (privateKeyDer.test(bytes.toString('hex', 0, 32))) return ['a private key'];
    return secretsIn(inflated(bytes) ?? bytes.toString('latin1'), depth + 1);
  });
  return [...new Set([...found, ...inner])];
}
