import { showValue } from './config.ts';
import { UserError } from './user-error.ts';

const days = (count: number): string => (count === 1 ? '1 day' : `${count} days`);

/** Wording of `hardening bundle`. */
export const bundleText = {
  whichStack: (names: readonly string[]) =>
    new UserError('the configuration has several stacks', `name one with --stack: ${names.join(', ')}`),
  noService: (service: string, stack: string, names: readonly string[]) =>
    new UserError(
      `the stack ${stack} has no service ${showValue(service)}`,
      names.length === 0
        ? 'give the stack a service'
        : `name one of: ${names.join(', ')}; or add it to the configuration and deploy`,
    ),
  notAccepted: (service: string, generation: number, accepted: readonly number[]) =>
    new UserError(
      `the configuration lets no generation ${generation} of ${service} in`,
      accepted.length === 0
        ? 'every certificate of it is revoked: raise its generation, and deploy'
        : `leave --generation out, or give one of: ${accepted.join(', ')}`,
    ),
  noOutput: (stack: string, service: string) =>
    new UserError(
      `terraform has no certificate of ${service} in the state of ${stack}`,
      `deploy the stack first (hardening deploy ${stack}), or name the folder of its certificates: --pki DIR`,
    ),
  outputFailed: (name: string, said: string) =>
    new UserError(
      `terraform could not read its output ${name}: ${said || 'it said nothing'}`,
      'give it what it misses: the credentials of the state, or terraform init in the stack, which hardening deploy does',
    ),
  strangeOutput: (name: string) =>
    new UserError(
      `terraform's output ${name} is not one of this kit`,
      'deploy the stack with this version of the kit',
    ),
  noSuchGeneration: (service: string, wanted: number, there: readonly number[]) =>
    new UserError(
      `there is no certificate of ${service} of generation ${wanted}; there is generation ${there.join(' and ') || 'none'}`,
      'deploy the stack as it is configured, or choose another with --generation',
    ),
  noCertificate: (path: string, service: string) =>
    new UserError(
      `there is no certificate at ${path}`,
      `make it: hardening pki issue ${service}, or hardening pki sign with the request of its host`,
    ),
  malformed: (what: string) =>
    new UserError(`${what} cannot be read as PEM`, 'deploy the stack again, or restore the file'),
  keyMismatch: new UserError(
    'the private key is not the one of the certificate',
    'deploy the stack again, or put the two files of one pair into the PKI folder',
  ),
  subjectMismatch: (got: string, wanted: string) =>
    new UserError(
      `the certificate is for ${showValue(got)}, and the configuration says ${showValue(wanted)}`,
      'deploy the stack as it is configured, then make the bundle',
    ),
  ended: (date: string) =>
    new UserError(
      `the certificate ended on ${date}`,
      'renew it by a deploy, or by hardening pki issue, then make the bundle',
    ),
  notYet: (date: string) =>
    new UserError(`the certificate begins on ${date}`, "look at this computer's clock, or wait"),
  wrongChain: new UserError(
    'the certificate was not issued by the CA that goes with it',
    'deploy the stack again, or put the CA that issued it into the PKI folder',
  ),
  wrongUse: new UserError(
    'the certificate is not one for clients',
    'issue one with hardening pki, or by a deploy',
  ),
  notBundle: (directory: string) =>
    new UserError(
      `${directory} is there and is no bundle`,
      'name a folder that is not there yet, or the bundle to renew',
    ),
  otherBundle: (directory: string, service: string, stack: string) =>
    new UserError(
      `${directory} is the bundle of ${service} of the stack ${stack}`,
      'name another folder: each service has a bundle of its own',
    ),
  ownKey: (path: string) =>
    new UserError(
      `${path} is a private key of its own, and this bundle brings another one in its place`,
      'move it away if it is not used any more, or choose another folder',
    ),
  unreadableBundle: (directory: string) =>
    new UserError(
      `${directory} is not a bundle that this version of the kit can read`,
      'make it with hardening bundle SERVICE --out DIR',
    ),
  unusable: (directory: string, code: string) =>
    new UserError(
      `${directory} cannot be written (${code})`,
      'choose a folder of your own, on a file system with permissions and symbolic links',
    ),
  noFolder: new UserError('the bundle has no place to go to', 'name a folder: --out DIR'),
  badPort: (value: string, least: number) =>
    new UserError(
      `--port ${showValue(value)} is no port for a program without privileges`,
      `give one from ${least} to 65535`,
    ),
  badName: (option: string, value: string) =>
    new UserError(
      `${option} ${showValue(value)} is no name of a user or a group`,
      'lower-case letters, digits, _ and -, at most 31 characters; a letter or _ first',
    ),
  badAddress: (value: string) =>
    new UserError(`--address ${showValue(value)} is no DNS name and no IP address`, 'give one of them'),
  badGeneration: (value: string) =>
    new UserError(`--generation ${showValue(value)} is no generation`, 'give a whole number from 1 on'),
  badDays: (value: string) =>
    new UserError(`--days ${showValue(value)} is no number of days`, 'give a whole number from 0 to 365'),
  usersOrGroup: new UserError(
    '--for-group makes a unix socket, which is for one group; --port and --for-user are for loopback',
    'leave out --for-group, or the other two',
  ),
  /** What was made, in lines. */
  made: (made: {
    readonly directory: string;
    readonly isRenewal: boolean;
    readonly service: string;
    readonly stack: string;
    readonly generation: number;
    readonly ends: Date;
    readonly daysLeft: number;
    readonly gateway: string;
    readonly listens: string;
    readonly forWhom: string;
    readonly keyIsBeside: boolean;
  }): string[] => [
    `${made.isRenewal ? 'renewed' : 'made'} ${made.directory} for ${made.service} of ${made.stack}, generation ${made.generation}`,
    `its certificate ends on ${made.ends.toISOString().slice(0, 10)}, in ${days(made.daysLeft)}`,
    `the forwarder listens on ${made.listens} for ${made.forWhom}, and calls ${made.gateway}`,
    ...(made.keyIsBeside
      ? [
          `the private key is not in it: the service's host has it. Put it there as ${made.directory}/key.pem, mode 0600; rsync -a --delete --exclude=/key.pem leaves it there`,
        ]
      : [
          'it has a private key: bring it to the host over SSH (rsync -a --delete, or earlier keys stay there), and remove this copy then',
        ]),
    `on the host: sudo sh ${made.directory}/install.sh, or docker compose with its compose.yaml`,
  ],
  unchanged: (directory: string) => `${directory} has this certificate and this forwarder already`,
};

/** Wording of `hardening bundle verify`. */
export const verifyText = {
  modes: 'modes and owners',
  pair: 'key and certificate',
  chain: 'chain',
  name: 'name',
  ends: 'end',
  forwarder: 'forwarder',
  gateway: 'gateway',
  closed: 'nobody but its owner may use it',
  open: (path: string, mode: string, wanted: string) =>
    `${path} has mode ${mode}, and should have ${wanted}: chmod ${wanted} ${path}`,
  foreign: (path: string) => `${path} belongs to another user, who can read or replace what is in it`,
  pairHolds: 'they belong together',
  pairBroken: 'the key is not the one of the certificate',
  noKey: (path: string) => `there is no key at ${path}: the service's host has it`,
  chainHolds: 'issued by the CA beside it, for clients',
  nameHolds: (name: string) => name,
  endsIn: (date: string, left: number) => `ends on ${date}, in ${days(left)}`,
  hasEnded: (date: string) => `ended on ${date}: the gateway answers 401`,
  endsSoon: (date: string, left: number) => `ends on ${date}, in ${days(left)}: make a new bundle`,
  nginxAccepts: 'nginx -t accepts it',
  nginxRefuses: (said: string) => `nginx -t refuses it: ${said}`,
  noNginx: 'nginx is not installed here, so its configuration was not tried',
  letIn: 'GET /api/version: 200',
  letInOnly: 'the gateway lets it in; GET /api/version is not open to this service (403)',
  refused: 'the gateway answers 401: this certificate is revoked, or not in force there yet',
  strange: (status: number) => `GET /api/version: ${status}`,
  unreachable: (said: string) => `the gateway was not reached, or is not the one of this bundle: ${said}`,
  noKeyToConnect: 'without the key the gateway was not called',
  unreadable: (said: string) => `cannot be told: ${said}`,
};
