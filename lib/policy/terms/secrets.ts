import { gunzipSync } from 'node:zlib';
import type { Stack, Value } from '../stack.ts';
import { addressOf, leavesOf, withoutIndexes, type Leaf } from '../values.ts';

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
  { words: 'a password', pattern: /\bplain_text_passwd["']?\s*:\s*["']?[^\s"'$]{4,}/ },
];
const anyForm = new RegExp(forms.map(({ pattern }) => `(?:${pattern.source})`).join('|'), 'i');

/** Base64 of 30 bytes or more, also in lines, as MIME and YAML break it. */
const encoded = /[A-Za-z0-9+/_-]{40,}={0,2}(?:[ \t]*\r?\n[ \t]*[A-Za-z0-9+/_-]{4,}={0,2})*/g;
const maximumDepth = 4;
/** A machine's user_data is 64 KiB at most; more than this is no text for a person. */
const maximumInflatedBytes = 4_194_304;

/** What secrets a text has, in words: as it is, in base64, and in gzip within that. */
export function secretsIn(text: string, depth = 0): string[] {
  const found = anyForm.test(text)
    ? forms.filter(({ pattern }) => pattern.test(text)).map(({ words }) => words)
    : [];
  if (depth >= maximumDepth || text.length < 40) return [...new Set(found)];
  const inner = (text.match(encoded) ?? []).flatMap((run) => {
    const bytes = Buffer.from(run.replace(/\s+/g, ''), 'base64');
    return secretsIn(inflated(bytes) ?? bytes.toString('latin1'), depth + 1);
  });
  return [...new Set([...found, ...inner])];
}

function inflated(bytes: Buffer): string | undefined {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return undefined;
  try {
    return gunzipSync(bytes, { maxOutputLength: maximumInflatedBytes }).toString('latin1');
  } catch {
    return undefined;
  }
}

/** Attributes whose value is secret, by type of resource; `tls` ones are found by their name as well. */
const secretAttributes: Readonly<Record<string, readonly string[]>> = {
  tls_private_key: ['private_key_pem', 'private_key_openssh', 'private_key_pem_pkcs8'],
  random_password: ['result', 'bcrypt_hash'],
  random_bytes: ['base64', 'hex'],
  digitalocean_database_cluster: ['password', 'uri', 'private_uri'],
  digitalocean_database_user: ['password', 'access_key', 'access_cert'],
  digitalocean_database_connection_pool: ['password', 'uri', 'private_uri'],
  digitalocean_kubernetes_cluster: ['kube_config'],
  digitalocean_spaces_key: ['secret_key'],
  digitalocean_container_registry_docker_credentials: ['docker_credentials'],
  aws_iam_access_key: ['secret', 'ses_smtp_password_v4'],
  local_sensitive_file: ['content', 'content_base64'],
};

/** Whether the state has a secret. Of a droplet's user_data it has a checksum alone. */
export function hasSecretInState(stack: Stack): boolean {
  return stack.resources.some(({ type, isData, values }) => {
    if (isData) return false;
    if (type in secretAttributes) return true;
    const { user_data: userData, ...others } = values;
    return leavesOf(
      type === 'digitalocean_droplet' ? others : { ...others, user_data: userData ?? null },
    ).some(({ reference }) => reference !== undefined && isSecretReference(stack, reference));
  });
}

const secretName = /(?:^|_)(?:token|password|passwd|secret|private_key|api_key|credentials?)$/i;

/** Whether what a reference points at is secret. */
export function isSecretReference(stack: Stack, reference: string): boolean {
  const [first = '', name = ''] = reference.split('.');
  if (first === 'var') {
    const variable = stack.variables.find((one) => one.name === name);
    return variable?.isSensitive === true || secretName.test(name);
  }
  const address = addressOf(reference);
  const type = address.split('.').at(-2) ?? '';
  const attribute = reference.slice(address.length + 1).split('.')[0] ?? '';
  if (type.startsWith('tls_') && /private_key/.test(attribute)) return true;
  const attributes = secretAttributes[type];
  // The whole resource has the attribute.
  return (
    attributes !== undefined && (attribute === '' || attribute === '*' || attributes.includes(attribute))
  );
}

/** A secret in a value, and how it got there. */
export interface SecretLeaf extends Leaf {
  /** What it is, in words. */
  readonly words: string;
}

/** Secrets in a value: texts and references. */
export function secretLeaves(stack: Stack, value: Value | undefined): SecretLeaf[] {
  return leavesOf(value).flatMap((leaf): SecretLeaf[] => {
    if (leaf.text !== undefined) return secretsIn(leaf.text).map((words) => ({ ...leaf, words }));
    if (leaf.reference !== undefined) {
      return isSecretReference(stack, leaf.reference) ? [{ ...leaf, words: leaf.reference }] : [];
    }
    return [{ ...leaf, words: 'what the plan marks as sensitive' }];
  });
}

/** The key pair of an SSH host: ed25519, in OpenSSH's form, and no certificate is for it. */
export function isHostKeyReference(stack: Stack, reference: string | undefined): boolean {
  if (reference === undefined) return false;
  const address = addressOf(reference);
  const key = stack.resources.find((one) => withoutIndexes(one.address) === address);
  return (
    key?.type === 'tls_private_key' &&
    reference === `${address}.private_key_openssh` &&
    key.values['algorithm'] === 'ED25519' &&
    !stack.resources.some(
      ({ type, dependencies }) => /^tls_.*cert/.test(type) && dependencies.includes(address),
    )
  );
}
