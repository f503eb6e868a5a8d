import { isIP } from 'node:net';
import * as z from 'zod';
import { addressNumber } from './networks.ts';

/**
 * The value schemas that every section is made of. Each carries `allowed` (what may stand there, in words) and `fix`
 * as metadata, so that an error and the options table in the README say the same. Patterns are plain ASCII, and
 * JavaScript's `$` without the `m` flag matches at the very end only, so no newline, quote, `$`, `;`, `{`, NUL or
 * look-alike letter passes.
 */
export type ValueMeta = {
  readonly allowed: string;
  readonly fix: string;
};

declare module 'zod' {
  interface GlobalMeta {
    allowed?: string;
    fix?: string;
  }
}

function text(pattern: RegExp, maxLength: number, meta: ValueMeta): z.ZodString {
  return z.string().max(maxLength).regex(pattern).meta(meta);
}

/** A whole number of `unit` from `min` to `max`. */
export function integer(min: number, max: number, unit: string): z.ZodNumber {
  const allowed = `a whole number of ${unit} from ${min} to ${max}`;
  return z
    .int()
    .min(min)
    .max(max)
    .meta({ allowed, fix: `give ${allowed}` });
}

/** One of the given words. */
export function oneOf<const Values extends readonly [string, ...string[]]>(values: Values) {
  return z.enum(values).meta({
    allowed: `one of ${values.map((value) => `'${value}'`).join(', ')}`,
    fix: 'choose one of the allowed values',
  });
}

export const yesOrNo = z.boolean().meta({ allowed: 'true or false', fix: 'write true or false' });

/** A TCP port (RFC 6335: 1 to 65535). */
export const port = z
  .int()
  .min(1)
  .max(65_535)
  .meta({ allowed: 'a TCP port, a whole number from 1 to 65535', fix: 'choose a port from 1 to 65535' });

const nameRule = 'lower-case letters a-z, digits and hyphens, 1 to 40 characters, starting with a letter';

/**
 * A service's name: the CN of its certificate, a key of nginx's maps, a part of file and unit names. 40 characters
 * leave room in X.509's 64 for a CN (RFC 5280, ub-common-name).
 */
export const serviceName = text(/^[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?$/, 40, {
  allowed: `${nameRule}, not ending with a hyphen`,
  fix: "rename the service, for example 'live-review'",
});

/** What an administrator's key is called, in comments that name its owner. */
export const adminName = text(/^[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?$/, 40, {
  allowed: `${nameRule}, not ending with a hyphen`,
  fix: "rename it, for example 'alice'",
});

/** The identity that a machine checks itself with: no service can have this name. */
export const healthService = 'health';

/** A stack's name: the O of its certificates and the name of its rendered folder. */
export const stackName = text(/^[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?$/, 40, {
  allowed: `${nameRule}, not ending with a hyphen`,
  fix: "rename the stack, for example 'production'",
});

/** A DNS host name in lower case (RFC 1123 labels, RFC 1035 lengths), no wildcard, not an address. */
export const dnsName = z
  .string()
  .max(253)
  .regex(/^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/)
  .refine((name) => !/^[0-9.]+$/.test(name))
  .meta({
    allowed:
      'a DNS name in lower case, such as models.example.com (international names as xn--...), no wildcard, no address',
    fix: 'write the name that clients will connect to',
  });

/** An IPv4 or IPv6 address without a zone. */
export const ipAddress = z
  .string()
  .max(45)
  .refine((address) => isIP(address) !== 0 && !address.includes('%'))
  .meta({
    allowed: 'an IPv4 or IPv6 address, such as 0.0.0.0 or ::1',
    fix: 'write an address, not a name',
  });

/** `address:port` as OLLAMA_HOST takes it; IPv6 in brackets. */
export const addressAndPort = z
  .string()
  .max(60)
  .refine((value) => splitAddressAndPort(value) !== undefined)
  .meta({
    allowed: 'ADDRESS:PORT with an IP address, such as 127.0.0.1:11434 or [::1]:11434',
    fix: 'write the address and the port',
  });

/** Splits `address:port`; undefined where it is not one. */
export function splitAddressAndPort(value: string): { address: string; port: number } | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+)):([1-9][0-9]{0,4})$/.exec(value);
  const address = match?.[1] ?? match?.[2];
  const portNumber = Number(match?.[3]);
  if (address === undefined || isIP(address) === 0 || portNumber > 65_535) return undefined;
  if ((match?.[1] !== undefined) !== (isIP(address) === 6)) return undefined;
  return { address, port: portNumber };
}

/** An Ollama model name, tag included: `[host/][namespace/]model[:tag]`. */
export const modelName = text(
  /^[A-Za-z0-9][A-Za-z0-9._-]*(?:\/[A-Za-z0-9][A-Za-z0-9._-]*){0,3}(?::[A-Za-z0-9_][A-Za-z0-9._-]*)?$/,
  128,
  {
    allowed: 'a model name as `ollama list` shows it, such as qwen2.5-coder:7b, at most 128 characters',
    fix: 'copy the name from `ollama list`',
  },
);

/** A model's manifest digest, as `/api/tags` shows it. */
export const sha256Digest = text(/^sha256:[0-9a-f]{64}$/, 71, {
  allowed: "'sha256:' and 64 hexadecimal digits in lower case",
  fix: 'copy the digest that /api/tags shows for the model',
});

/** A Go duration as OLLAMA_KEEP_ALIVE takes it, one unit only; -1 keeps a model for ever. */
export const keepAliveDuration = text(/^(?:-1|0|[1-9][0-9]{0,5}(?:s|m|h))$/, 8, {
  allowed: "a duration such as '30s', '5m' or '1h', '0' to unload at once, '-1' to keep for ever",
  fix: "write a number and a unit, for example '5m'",
});

/** Why a risk is taken, in the owner's words: one line of printable ASCII that a reviewer reads. */
export const reason = text(/^[ -~]{20,400}$/, 400, {
  allowed: 'one line of 20 to 400 printable ASCII characters',
  fix: 'say in a sentence why this is acceptable here, and who decided it',
});

/** A day of the calendar, as ISO 8601 writes it. */
export const isoDate = z
  .string()
  .max(10)
  .refine((text) => {
    const day = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(text) ? new Date(`${text}T00:00:00Z`) : undefined;
    return day !== undefined && !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
  })
  .meta({ allowed: 'a day as YYYY-MM-DD', fix: "write for example '2026-11-25'" });

/** A file or folder beside the configuration, below its own folder. */
export const filePath = text(
  /^(?!\.{1,2}(?:\/|$))[A-Za-z0-9._-]+(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._-]+)*$/,
  200,
  {
    allowed: 'a path relative to the configuration file, of letters, digits, dots, _ and -, without ..',
    fix: "write for example 'identities/ci.csr.pem'",
  },
);

/** An IPv4 or IPv6 network, with the bits beyond the prefix all zero, so that a reader sees what it covers. */
export const cidr = z
  .string()
  .max(49)
  .refine((value) => prefixOf(value) !== undefined)
  .meta({
    allowed:
      'a network ADDRESS/BITS without host bits, such as 192.0.2.0/24, 198.51.100.7/32 or 2001:db8::/32',
    fix: 'write the network; for a single address /32, or /128 for IPv6',
  });

/** A network's prefix length; undefined where the text is no network or has host bits. */
function prefixOf(value: string): number | undefined {
  const match = /^([0-9A-Fa-f:.]+)\/(0|[1-9][0-9]{0,2})$/.exec(value);
  const address = match?.[1] ?? '';
  const prefix = Number(match?.[2]);
  const bits = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  if (match === null || prefix > bits) return undefined;
  return addressNumber(address) % 2n ** BigInt(bits - prefix) === 0n ? prefix : undefined;
}

/** Those of checked networks that are of one family. */
export function networksOfFamily(family: 4 | 6, networks: readonly string[]): string[] {
  return networks.filter((network) => isIP(network.split('/')[0] ?? '') === family);
}

/** An address or a host name that a client connects to. */
export const hostAddress = z.union([ipAddress, dnsName]).meta({
  allowed: 'an IP address, or a DNS name in lower case',
  fix: 'write the address that SSH connects to',
});

/** A user of the system, as useradd takes it by default on Debian. */
export const unixUser = text(/^[a-z_][a-z0-9_-]{0,30}$/, 31, {
  allowed: 'a user name of lower-case letters, digits, _ and -, at most 31 characters',
  fix: "write for example 'root' or 'debian'",
});

const keyPattern = (types: string): RegExp => new RegExp(`^(?:${types}) [A-Za-z0-9+/]{20,1400}={0,2}$`);

/** An SSH host key without a comment: `ssh-ed25519 AAAA…`. */
export const sshHostKey = text(keyPattern('ssh-ed25519|ecdsa-sha2-nistp(?:256|384|521)'), 1_500, {
  allowed: 'an Ed25519 or ECDSA host key: its type, a space and its base64, without a comment',
  fix: 'copy the first two words of /etc/ssh/ssh_host_ed25519_key.pub on the machine',
});

/** An administrator's public key without options and comment. */
export const sshUserKey = text(
  keyPattern(
    'ssh-ed25519|sk-ssh-ed25519@openssh\\.com|ecdsa-sha2-nistp(?:256|384|521)|sk-ecdsa-sha2-nistp256@openssh\\.com',
  ),
  1_500,
  {
    allowed: 'a public key of Ed25519 or ECDSA (also of a security key): its type, a space and its base64',
    fix: 'copy the first two words of ~/.ssh/id_ed25519.pub',
  },
);

/** A region or a size of DigitalOcean, such as fra1 or s-4vcpu-8gb. */
export const slug = text(/^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/, 64, {
  allowed: "a slug of lower-case letters, digits and hyphens, such as 'fra1' or 's-4vcpu-8gb'",
  fix: 'copy the slug from `doctl compute region list` or `doctl compute size list`',
});

/** A name that a person gave to a resource. */
export const resourceName = text(/^[A-Za-z0-9][A-Za-z0-9 ._-]{0,126}$/, 127, {
  allowed: 'letters, digits, spaces, dots, underscores and hyphens, at most 127 characters',
  fix: 'write the name as the control panel shows it',
});

/** A bucket of an S3-compatible store. */
export const bucketName = text(/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/, 63, {
  allowed: 'a bucket name of 3 to 63 lower-case letters, digits and hyphens',
  fix: 'write the name of an existing bucket',
});

export const emailAddress = text(/^[A-Za-z0-9._%+-]{1,64}@[a-z0-9](?:[a-z0-9.-]{0,200})\.[a-z]{2,24}$/, 254, {
  allowed: 'a mail address such as ops@example.com',
  fix: 'write a mail address',
});

/** The root of an HTTP API. */
export const apiUrl = text(/^https?:\/\/[a-z0-9.-]{1,253}(?::[1-9][0-9]{0,4})?$/, 270, {
  allowed: 'http:// or https://, a host, and a port where it is not the usual one; no path',
  fix: 'write the root of the API',
});

/** Where an archive is fetched from. */
export const archiveUrl = text(
  /^https:\/\/[a-z0-9.-]{1,253}(?::[1-9][0-9]{0,4})?\/[A-Za-z0-9._~/%+-]{1,500}$/,
  800,
  {
    allowed: 'an https:// URL without credentials, query and fragment',
    fix: 'write the whole URL of the archive',
  },
);

/** A version as Ollama numbers its releases. */
export const releaseVersion = text(
  /^(?:0|[1-9][0-9]{0,3})\.(?:0|[1-9][0-9]{0,3})\.(?:0|[1-9][0-9]{0,3})$/,
  14,
  {
    allowed: 'three numbers with dots, such as 0.31.2',
    fix: 'write the version without a leading v',
  },
);

/** A SHA-256 as sha256sum prints it. */
export const sha256Hex = text(/^[0-9a-f]{64}$/, 64, {
  allowed: '64 hexadecimal digits in lower case',
  fix: 'copy the line of sha256sum.txt beside the release, after you checked it',
});
