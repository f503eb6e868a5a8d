import type { Stack } from '../stack.ts';
import { addressOf } from '../values.ts';

/** Attributes whose value is secret, by type of resource. Others are found by their name. */
export const secretAttributes: Readonly<Record<string, readonly string[]>> = {
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
  acme_certificate: ['private_key_pem', 'certificate_p12'],
  acme_registration: ['account_key_pem'],
  vault_kv_secret: ['data', 'data_json'],
  vault_kv_secret_v2: ['data', 'data_json'],
  vault_generic_secret: ['data', 'data_json'],
  vault_approle_auth_backend_role_secret_id: ['secret_id'],
  aws_secretsmanager_secret_version: ['secret_string', 'secret_binary'],
  aws_ssm_parameter: ['value'],
  azurerm_key_vault_secret: ['value'],
  google_secret_manager_secret_version: ['secret_data'],
  google_secret_manager_secret_version_access: ['secret_data'],
  kubernetes_secret: ['data', 'binary_data'],
  kubernetes_secret_v1: ['data', 'binary_data'],
};

/** A name of an attribute, an output or a variable that says that its value is secret. */
const secretName =
  /(?:^|_)(?:token|tokens|password|passwords|passwd|passphrase|secret|secrets|private_key|private_keys|api_key|credentials?)(?:_|$)/i;
/** What is known about a secret, and is none. */
const aboutSecret =
  /_(?:id|ids|arn|name|names|namespace|path|paths|file|filename|version|versions|url|uri|endpoint|type|policy|policies|algorithm|length|count|size|bits|ttl|expiry|expires|expiration|lifetime|days|hours|minutes|seconds|rotation|enabled|required|region|project|prefix|suffix|header|user|username|role|mount|format|label|description|created|hash|sha\d*|md5|fingerprint|checksum)$/i;

const isSecretName = (name: string): boolean => secretName.test(name) && !aboutSecret.test(name);

/** Names that are terraform's own, and say nothing about a value. */
const contextual = ['path', 'terraform', 'count'];

/** Whether what a reference points at is secret: by its type, or by the name of any attribute on the way. */
export function isSecretReference(stack: Stack, reference: string): boolean {
  const [first = '', name = '', ...more] = reference.split('.');
  if (contextual.includes(first)) return false;
  if (first === 'var') {
    const variable = stack.variables.find((one) => one.name === name);
    return variable?.isSensitive === true || [name, ...more].some(isSecretName);
  }
  if (first === 'local' || first === 'each' || first === 'self') return [name, ...more].some(isSecretName);
  const address = addressOf(reference);
  const parts = address.split('.');
  const [type = '', last = ''] = parts.slice(-2);
  const attributes = reference.slice(address.length + 1).split('.');
  // The whole resource has the attribute; and an output of a module, or a name that a `for` has given, has no type.
  const isWhole = attributes[0] === '' || attributes[0] === '*';
  const isUntyped = first !== 'data' && (!type.includes('_') || (first === 'module' && isWhole));
  if (isUntyped && isSecretName(last)) return true;
  if (type.startsWith('tls_') && attributes[0]?.includes('private_key') === true) return true;
  const named = secretAttributes[type];
  return (
    (named !== undefined && (isWhole || named.includes(attributes[0] ?? ''))) || attributes.some(isSecretName)
  );
}
