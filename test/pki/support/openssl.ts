import { spawnSync } from 'node:child_process';

/** What a run of openssl said. */
export interface OpensslResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the openssl command, the judge that no one here wrote. */
export function openssl(arguments_: readonly string[], input = ''): OpensslResult {
  const result = spawnSync('openssl', arguments_, { input, encoding: 'latin1', timeout: 20_000 });
  if (result.error !== undefined) throw result.error;
  return { status: result.status, stdout: result.stdout, stderr: result.stderr };
}

/** `openssl x509 -text` of a certificate, each run of white space as one space. */
export function certificateText(pem: string): string {
  return openssl(['x509', '-noout', '-text'], pem).stdout.replace(/\s+/g, ' ');
}

/** The subject as nginx prints it. */
export function rfc2253Subject(pem: string): string {
  const { stdout } = openssl(['x509', '-noout', '-subject', '-nameopt', 'RFC2253'], pem);
  return stdout.trimEnd().replace(/^subject=/, '');
}
