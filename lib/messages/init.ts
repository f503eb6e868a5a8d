import { ExitCode, UserError } from './user-error.ts';

/** Wording of `hardening init`. */
export const initText = {
  questions: {
    stack: "The stack's name, which every certificate carries",
    serverName: 'The host names that clients call the gateway by, with spaces between',
    service: 'The services that call it, with spaces between',
    target: 'Where it is deployed to: host (a machine that exists), digitalocean, or none',
    address: "The machine's address",
    hostKey: "The machine's SSH host key, read on its console: cat /etc/ssh/ssh_host_ed25519_key.pub",
    region: "The region's slug, such as fra1",
    size: "The size's slug, such as s-4vcpu-8gb",
    adminKey: 'An administrator, as NAME=ssh-ed25519 AAAA…',
    sshSource: 'The networks that SSH is reached from, such as 198.51.100.7/32',
    clientSource: 'The networks that the gateway is reached from, such as 198.51.100.0/24',
    ci: 'The CI that checks a pull request: github, gitlab, bitbucket, or none',
  },
  ask: (question: string, byDefault: string | undefined) =>
    byDefault === undefined ? `${question}: ` : `${question} [${byDefault}]: `,
  oneOf: (choices: readonly string[]) => `one of: ${choices.join(', ')}`,
  needed: 'an answer is needed',
  replace: (path: string) => `${path} is there and differs. Replace it? [y/N]: `,
  missing: (flags: readonly string[], haveDefaults: boolean) =>
    new UserError(
      `there is no terminal to ask on, and ${flags.length === 1 ? 'an answer is' : 'answers are'} missing: ${flags.join(', ')}`,
      `give ${flags.length === 1 ? 'it' : 'them'} on the command line${haveDefaults ? ', or --yes for the defaults where there are some' : ''}`,
    ),
  ended: () =>
    new UserError('the questions were ended; nothing was written', 'run it again', ExitCode.interrupted),
  wrongAdminKey: (got: string) =>
    new UserError(`--admin-key got ${JSON.stringify(got)}`, "write NAME='ssh-ed25519 AAAA…'"),
  notRoot: (folder: string, root: string) =>
    new UserError(
      `${folder} is inside of the repository ${root}, whose CI reads its files at the top alone`,
      `run it for ${root}, or with --ci none`,
    ),
  inTheWay: (path: string, what: string) =>
    new UserError(`${path} is ${what}; nothing was written`, 'move it away, or choose another folder'),
  unwritable: (path: string, code: string) =>
    new UserError(
      `${path} cannot be written: ${code}; what was written was taken back`,
      'mend that, or choose another folder',
    ),
  done: {
    written: 'written',
    replaced: 'replaced',
    extended: 'got lines added',
    same: 'is already so',
    left: 'left as it is',
  },
  addToPackage: (lines: readonly string[]) => [
    'package.json is yours. Add to it:',
    ...lines.map((line) => `  ${line}`),
  ],
  notRendered:
    'Nothing was rendered: your configuration or rendered/ was there before. Run: npx hardening render',
  next: (folder: string, ci: string) => [
    'Next:',
    ...(folder === '.' ? [] : [`  cd ${folder}`]),
    '  npm install                  and commit package-lock.json',
    '  npx hardening sandbox        the gateway on loopback, probed',
    '  npx hardening render --check',
    ...(ci === 'none' ? [] : ['  The CI file says what to set up for the plan.']),
  ],
};
