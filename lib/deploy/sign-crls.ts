import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import * as z from 'zod';
import { signCrlText } from '../messages/sign-crl.ts';
import { issueCrl, type RevokedEntry } from '../pki/crl.ts';
import { readCrls, verifyCrl, type Crl } from '../pki/read-crl.ts';
import { lastLine, runOnMachine, type MachineLogin } from './ssh.ts';

/** What terraform hands over: see lib/constructs/crl-signature.ts. */
const requestSchema = z.strictObject({
  machine: z.strictObject({
    address: z.string(),
    // Terraform's JSON has a number or a text, as the expression gives it.
    port: z.coerce.number(),
    user: z.string(),
    hostKey: z.string(),
    identity: z.string(),
  }),
  /** The id of the upload: it stands in a command. Terraform's have not the version of a UUID. */
  upload: z.guid(),
  authorities: z.array(z.strictObject({ name: z.string(), certificate: z.string(), key: z.string() })).min(1),
  /** The file that has the CRLs of other CAs as PEM, or ''. */
  given: z.string(),
  /** The file to write. */
  out: z.string(),
});
export type CrlRequest = z.output<typeof requestSchema>;

/**
 * Reads a request.
 *
 * @throws UserError where there is none, or not a whole one; nothing of it is in the message
 */
export function parseCrlRequest(text: string | undefined): CrlRequest {
  try {
    return requestSchema.parse(JSON.parse(text ?? ''));
  } catch {
    throw signCrlText.noRequest; // Without the cause: keys are in it.
  }
}

/**
 * Signs one CRL for each CA: what its running one lists, and what the machine says that a release takes away. A CRL
 * only grows, as revocation does.
 *
 * @param now the time of issue
 * @throws UserError where the machine does not answer
 */
export async function signCrls(request: CrlRequest, now: Date): Promise<void> {
  const { toRevoke, running } = await askMachine(request);
  const lists: string[] = [];
  for (const { name, certificate: pem, key } of request.authorities) {
    const certificate = new X509Certificate(pem);
    const before = newest(running, certificate);
    const added = (toRevoke.get(name) ?? []).map((serialNumber): RevokedEntry => ({
      serialNumber,
      revocationDate: new Date(Math.floor(now.getTime() / 1000) * 1000),
    }));
    lists.push(
      await issueCrl(
        { certificate, key: createPrivateKey(key) },
        {
          // The first of two entries counts: the date of the running list stays.
          revoked: [...(before?.entries ?? []), ...added],
          number: (before?.number ?? 0n) + 1n,
          now,
        },
      ),
    );
  }
  const given = request.given === '' ? '' : await readFile(request.given, 'utf8');
  await writeAlone(request.out, [...lists, given].join(''));
}

interface MachineAnswer {
  /** Serial numbers by the name of their CA. */
  readonly toRevoke: ReadonlyMap<string, readonly bigint[]>;
  readonly running: readonly Crl[];
}

/** A serial number has 20 octets at most (RFC 5280, 4.1.2.2): 49 decimal digits. */
const revocationLine = /^revoke ([a-z0-9-]+) ([1-9][0-9]{0,48}) /;

async function askMachine({ machine, upload }: CrlRequest): Promise<MachineAnswer> {
  const login: MachineLogin = {
    ...machine,
    identity: machine.identity === '' ? undefined : machine.identity,
  };
  const folder = `"$HOME/.hardening-upload/${upload}"`;
  const command = `sh ${folder}/programs/revocations.sh ${folder}`;
  const answer = await runOnMachine(login, machine.user === 'root' ? command : `sudo -n ${command}`);
  if (answer.status !== 0) {
    throw signCrlText.noAnswer(machine.address, problemIn(answer.stderr));
  }
  const [lines = '', crls = ''] = answer.stdout.split(/^crl$/m);
  const toRevoke = new Map<string, bigint[]>();
  for (const [line] of lines.matchAll(/^revoke .*$/gm)) {
    const [, name = '', serial = ''] = revocationLine.exec(line) ?? [];
    if (serial === '') throw signCrlText.noSerial(machine.address);
    const serials = toRevoke.get(name) ?? [];
    serials.push(BigInt(serial));
    toRevoke.set(name, serials);
  }
  return { toRevoke, running: readCrls(crls, `the CRL of ${machine.address}`) };
}

/** What a program of the machine says is wrong, or ssh does. */
function problemIn(said: string): string {
  return /^hardening: (?:stopped|failed): (.*)$/m.exec(said)?.[1] ?? lastLine(said);
}

/** The list with the highest number that this CA has signed. */
function newest(lists: readonly Crl[], certificate: X509Certificate): Crl | undefined {
  let found: Crl | undefined;
  for (const list of lists) {
    if (verifyCrl(list, certificate) && (list.number ?? 0n) >= (found?.number ?? 0n)) found = list;
  }
  return found;
}

/** Writes a file, and removes what earlier applies left beside it. */
async function writeAlone(path: string, text: string): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true });
  for (const name of await readdir(folder)) {
    if (name !== basename(path)) await rm(join(folder, name), { force: true });
  }
  await writeFile(path, text);
}
