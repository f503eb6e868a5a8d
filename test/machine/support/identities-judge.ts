import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Answer, Answers } from './identities-clients.ts';
import {
  acceptedByOpenssl,
  ledger,
  loggedRequests,
  runningCrls,
  upstreamRequests,
  type LoggedRequest,
} from './identities-record.ts';
import type { IdentityStack } from './identities-stack.ts';

/** How everybody who ever had a certificate is answered after a change. */
export interface Judgement {
  readonly answers: ReadonlyMap<string, Answers>;
  /** What the log says of the refused ones' new connections, by the certificate's name. */
  readonly refusals: ReadonlyMap<string, string>;
}

/**
 * Asks with every certificate that was ever issued, by a new connection, a saved session and a connection that was kept
 * alive; holds that exactly `letIn` get an answer of Ollama, that the others' requests do not reach it, that the log
 * names the one's service and the other's refusal, and that `openssl verify` judges as the gateway does. The ones that
 * are let in keep a connection and a session for the next time.
 */
export async function judge(stack: IdentityStack, letIn: readonly string[]): Promise<Judgement> {
  const { host, issued, clients } = stack;
  const answers = new Map<string, Answers>();
  for (const name of issued.keys()) answers.set(name, await clients.ask(name, stack.presented(name)));
  expect(shown(answers)).toEqual(expected(answers, letIn));

  const all = [...answers].flatMap(([name, { fresh, resumed, kept }]) =>
    [fresh, resumed, kept].flatMap((answer) => (answer === undefined ? [] : [{ name, answer }])),
  );
  const lines = await loggedRequests(
    host,
    all.map(({ answer }) => answer.requestId),
  );
  const seen = await upstreamRequests(host);
  for (const { name, answer } of all) {
    const line = lines.get(answer.requestId);
    const service = seen.get(answer.requestId);
    if (letIn.includes(name)) {
      expect({ name, service, line }).toMatchObject({
        service: issued.get(name)?.service,
        line: { status: 200, service: issued.get(name)?.service, client_verify: 'SUCCESS' },
      });
    } else {
      expect({ name, service, line }).toMatchObject({
        service: undefined,
        line: { status: 401, service: '', upstream_status: '' },
      });
    }
  }

  const certificates = new Map([...issued].map(([name, { certificate }]) => [name, certificate]));
  const accepted = await acceptedByOpenssl(host, join(stack.deployment.folder, 'judge'), certificates);
  expect([...accepted].sort()).toEqual([...letIn].sort());

  for (const name of letIn) await clients.keep(name, stack.presented(name));
  return { answers, refusals: refusalsIn(answers, lines) };
}

interface RunningCrl {
  readonly number: bigint;
  readonly serials: readonly bigint[];
}

/** What a machine remembers of certificates, beside its releases. */
export interface Remembered {
  /** By the issuer's name. */
  readonly crls: ReadonlyMap<string, RunningCrl>;
  /** Holds, against what was remembered before an apply, that nothing is forgotten and every refused one is listed. */
  isAfter(before: Remembered, letIn: readonly string[]): Promise<void>;
}

export async function rememberedBy({ host, issued, trusted }: IdentityStack): Promise<Remembered> {
  const crls = new Map(
    (await runningCrls(host)).map(({ issuer, number = 0n, entries }) => [
      issuer,
      { number, serials: entries.map(({ serialNumber }) => serialNumber) },
    ]),
  );
  return {
    crls,
    isAfter: async (before, letIn) => {
      const remembered = await ledger(host);
      // An earlier release may trust another CA: its list stays as it was.
      const authorities = trusted().match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g) ?? [];
      const subjects = authorities.map((pem) => oneLine(new X509Certificate(pem).subject));
      const inForce = new Map([...crls].filter(([issuer]) => subjects.includes(issuer)));
      for (const [name, { service, generation, certificate, serialNumber }] of issued) {
        expect(remembered.get(serialNumber), name).toBe(`${service} ${generation}`);
        const list = inForce.get(issuerOf(certificate));
        if (list !== undefined) expect(list.serials.includes(serialNumber), name).toBe(!letIn.includes(name));
      }
      for (const [issuer, { number, serials }] of inForce) {
        const earlier = before.crls.get(issuer);
        if (earlier === undefined) continue;
        expect(number).toBe(earlier.number + 1n);
        expect(serials).toEqual(expect.arrayContaining([...earlier.serials]));
      }
    },
  };
}

/** As {@link runningCrls} has names. */
const oneLine = (name: string): string => name.split('\n').join(', ');
const issuerOf = (certificate: string): string => oneLine(new X509Certificate(certificate).issuer);

/** What counts of an answer: no session is ever resumed. */
const brief = (answer: Answer | undefined): string | undefined =>
  answer === undefined ? undefined : `${answer.status}${answer.isResumed ? ', resumed' : ''}`;

function shown(answers: ReadonlyMap<string, Answers>): object {
  return Object.fromEntries(
    [...answers].map(([name, { fresh, resumed, kept }]) => [
      name,
      { fresh: brief(fresh), resumed: brief(resumed), kept: brief(kept) },
    ]),
  );
}

function expected(answers: ReadonlyMap<string, Answers>, letIn: readonly string[]): object {
  return Object.fromEntries(
    [...answers].map(([name, { resumed, kept }]) => {
      const status = letIn.includes(name) ? '200' : '401';
      return [
        name,
        {
          fresh: status,
          resumed: resumed === undefined ? undefined : status,
          kept: kept === undefined ? undefined : status,
        },
      ];
    }),
  );
}

function refusalsIn(
  answers: ReadonlyMap<string, Answers>,
  lines: ReadonlyMap<string, LoggedRequest>,
): ReadonlyMap<string, string> {
  return new Map(
    [...answers].flatMap(([name, { fresh }]) =>
      fresh.status === 401 ? [[name, lines.get(fresh.requestId)?.client_verify ?? ''] as const] : [],
    ),
  );
}
