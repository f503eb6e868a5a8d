import * as z from 'zod';
import {
  apiUrl,
  emailAddress,
  hostAddress,
  integer,
  oneOf,
  port,
  resourceName,
  slug,
  sshHostKey,
  unixUser,
  yesOrNo,
} from '../values.ts';

/** A machine that exists: a GPU server, a marketplace droplet, another cloud. */
const hostSection = z.strictObject({
  /** The address or host name that SSH connects to. No default. */
  address: hostAddress,
  /** The port of its SSH server. By default 22. */
  port: port.default(22),
  /** The user to log in as: root, or one with sudo that asks for no password. By default root. */
  user: unixUser.default('root'),
  /**
   * The host key that the machine must show, as `ssh-keyscan` prints it after the host name; with another one nothing
   * is sent. Terraform's SSH client takes the ECDSA key where the machine offers both kinds. No default: read it on
   * the machine's console, not over the network.
   */
  hostKey: sshHostKey,
});

/** A droplet that the stack creates. */
const digitalOceanSection = z.strictObject({
  /** The region's slug. No default: prompts are processed there. */
  region: slug,
  /** The size's slug, which decides the price. No default. */
  size: slug,
  /** The project that the droplet is listed in; it must exist. By default the account's default project. */
  project: resourceName.optional(),
  /** A reserved IP address, which outlives the droplet. By default false. */
  reservedIp: yesOrNo.default(false),
  /** DigitalOcean's metrics agent, which the alerts need. By default true. */
  monitoring: yesOrNo.default(true),
  /** Who gets mail when CPU, memory or disk stay above 90 % for ten minutes; needs `monitoring`. By default nobody. */
  alertEmails: z
    .array(emailAddress)
    .max(16)
    .meta({ allowed: 'a list of mail addresses', fix: "write for example ['ops@example.com']" })
    .default([]),
  /** Weekly backups of the droplet, for a fifth of its price. By default false. */
  backups: yesOrNo.default(false),
  /** The size of a block storage volume for the models. By default models are on the droplet's own disk. */
  modelsVolumeGiB: integer(1, 16_384, 'GiB').optional(),
  /** The API to talk to, for tests. By default DigitalOcean's. */
  apiEndpoint: apiUrl.optional(),
});

/** What the files are written for, and the machine that they are brought to. */
export const targetSection = z.strictObject({
  /**
   * The machine's distribution. It decides which nginx and OpenSSL the files are written for: nginx 1.22 and OpenSSL
   * 3.0 on Debian 12, 1.26 and 3.5 on Debian 13, 1.24 and 3.0 on Ubuntu 24.04. Only Debian 13 offers the post-quantum
   * key exchange. By default the files are for Debian 13.
   */
  distribution: oneOf(['debian-12', 'debian-13', 'ubuntu-24.04']).default('debian-13'),
  /** An existing machine to deploy to. A stack without `host` and `digitalocean` is rendered and not deployed. */
  host: hostSection.optional(),
  /** A droplet to create and deploy to; beside `host` it is refused. */
  digitalocean: digitalOceanSection.optional(),
});
