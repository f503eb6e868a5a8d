import { isIP } from 'node:net';
import * as z from 'zod';

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
  /^[A-Za-z0-9][A-Za-z0-9._-]*(?:\/[A-Za-z0-9][A-Za-z0-9._-]*){0,3}(?::[A-Za-z0-9._-]+)?$/,
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
