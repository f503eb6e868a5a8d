import { ExitCode, UserError } from './user-error.ts';

/** A URL as it may be shown: what stands before the @ may be a secret. */
function withoutPassword(url: string): string {
  return url.replace(/\/\/[^/@]*@/, '//…@');
}

/** Wording of `hardening sandbox`. */
export const sandboxText = {
  noNginx: () =>
    new UserError(
      'nginx is not installed',
      'run `npm start`, which installs it, or: sudo apt-get install nginx (macOS: brew install nginx)',
    ),
  unsuitableNginx: (path: string) =>
    new UserError(
      `${path} is not built with OpenSSL and HTTP/2, or does not say so in \`nginx -V\``,
      'install the nginx of Debian, Ubuntu or Homebrew',
    ),
  stateTaken: (path: string, pid: number) =>
    new UserError(
      `a sandbox with process id ${pid} runs in ${path}`,
      'end it, or give this one another folder with --state-dir DIR',
    ),
  tooManySandboxes: (most: number) =>
    new UserError(
      `${most} sandboxes run from this folder`,
      'end some, or name a folder with --state-dir DIR',
    ),
  unquotablePath: (option: string, path: string) =>
    new UserError(
      `nginx cannot be given the path ${JSON.stringify(path)}`,
      `choose a ${option} without control characters and without any of " $ \\ { } ;`,
    ),
  stateUnwritable: (path: string, code: string) =>
    new UserError(
      `${path} cannot be used for the sandbox's files: ${code}`,
      'choose another --state-dir DIR',
    ),
  stateLockStays: (replacing: string) =>
    new UserError(
      `the folder's lock cannot be taken: ${replacing} was left behind by a process that was killed`,
      'remove that file, or choose another --state-dir DIR',
    ),
  temporaryOnDisk: (folder: string) =>
    `no folder here is in memory: what nginx buffers of a request's body may be written to a disk, under ${folder}`,
  noTemporaryFolder: (tried: readonly string[]) =>
    new UserError(
      `there is no folder for temporary files: tried ${tried.join(', ')}`,
      'make one of them writable, or name one that is in TMPDIR',
    ),
  noFreePort: () =>
    new UserError(
      'the system gives no free port on 127.0.0.1',
      'end some programs that listen, or wait a minute',
    ),
  badUpstream: (url: string) =>
    new UserError(
      `--upstream ${JSON.stringify(withoutPassword(url))} is neither http://ADDRESS:PORT nor 'stand-in'`,
      'give plain HTTP, an IP address (or localhost), a port and nothing else, for example http://127.0.0.1:11434',
    ),
  portTaken: (option: string, wanted: number, chosen: number) =>
    `port ${wanted} is taken: using ${chosen} (choose another with ${option})`,
  nginxRefused: (errors: string) =>
    new UserError(
      `nginx refuses the rendered files:\n${errors}`,
      'the configuration was accepted, so this is a defect of the kit or of an unusual nginx: please report it',
    ),
  nginxDidNotStart: (how: string, errors: string) =>
    new UserError(`nginx ended ${how}\n${errors}`.trimEnd(), 'read what nginx says above'),
  endedBy: (signal: string) => `by ${signal}`,
  endedWith: (code: number | null) => `with exit code ${code ?? 'unknown'}`,
  withoutConnections: 'without accepting connections',
  nginxEnded: (how: string, errors: string) => `nginx ended ${how}\n${errors}`.trimEnd(),
  nginxGone: (ended: string, logDirectory: string) =>
    new UserError(ended, `read ${logDirectory}/error.log and start it again`, ExitCode.attention),
  reloadFailed: (logDirectory: string) =>
    new UserError('nginx did not take the new files within ten seconds', `read ${logDirectory}/error.log`),
  standingUp: 'standing up the sandbox',
  probing: (what: string) => `probing: ${what}`,
  upstreams: {
    'stand-in': 'a stand-in for Ollama, whose replies say so; no model runs',
    ollama: 'the Ollama on this machine',
    given: 'as given',
  },
  olderOpenSsl: "this machine's OpenSSL has no X25519MLKEM768; on Debian 13 the gateway offers it first",
  largeBurst: (burst: number) =>
    `the configuration lets ${burst} requests through at once, about what the probe sends`,
  upstreamUnavailable: (url: string) => ({
    title: 'The gateway cannot reach its upstream',
    fix: `Start what is to listen at ${url}, or choose another with --upstream; the error log of the gateway says more.`,
  }),
  heading: (stack: string) => `Sandbox of stack ${stack}`,
  tryIt: 'Try it:',
  withoutCertificate: 'and without a certificate, as anyone else:',
  watching: (file: string) => `Watching ${file}: save a change and it is in force. Ctrl-C ends the sandbox.`,
  bad: 'not applied, the running configuration stays:',
  unchanged: 'saved without a change that matters here',
  applied: (ms: number) => `in force, after ${ms} ms`,
};
