import * as z from 'zod';
import { deployCommandText } from '../messages/deploy.ts';
import type { CertificatePlan } from '../model/infrastructure/infrastructure.ts';

/** A row of the output `certificates`: what a stack's last apply issued. Nothing of it is secret. */
const rowSchema = z.object({
  kind: z.enum(['ca', 'server', 'client']),
  /** The service; for a CA what the machine's list of issued certificates calls it. */
  name: z.string(),
  /** Of a client. */
  generation: z.coerce.number().optional(),
  /** Whether another generation takes over from it. */
  is_previous: z.coerce.boolean().optional(),
  /** The CA that issued it, or itself. */
  authority: z.string(),
  /** In decimal digits. */
  serial: z.string().regex(/^[0-9]{1,60}$/),
  /** RFC 3339. */
  not_after: z.iso.datetime({ offset: true }),
});
export type CertificateRow = z.input<typeof rowSchema>;

const dayMs = 24 * 60 * 60 * 1000;

/** A certificate with what there is to say of its end. */
export interface CertificateState {
  readonly kind: 'ca' | 'server' | 'client';
  readonly name: string;
  readonly generation: number | undefined;
  readonly isPrevious: boolean;
  readonly authority: string;
  /** In hexadecimal digits, as openssl prints it. */
  readonly serial: string;
  readonly notAfter: string;
  /** Whole days, rounded down; negative after its end. */
  readonly endsInDays: number;
  readonly state: 'valid' | 'ends-soon' | 'ended';
}

/**
 * Reads a stack's certificates and says which end soon.
 *
 * @param output the value of the output `certificates`
 * @param withinDays from how many days before its end a certificate is announced. A CA is announced earlier by the
 *   longest life of what it issues, since a certificate ends with its CA at the latest, and moving to another takes a
 *   while. Default: as the configuration says.
 * @throws UserError for an output of another version of the kit
 */
export function certificateStates(
  output: unknown,
  {
    stack,
    plan,
    now,
    withinDays = plan.expiryNoticeDays,
  }: {
    readonly stack: string;
    readonly plan: CertificatePlan;
    readonly now: Date;
    readonly withinDays?: number | undefined;
  },
): CertificateState[] {
  const rows = z.array(rowSchema).safeParse(output);
  if (!rows.success) throw deployCommandText.noOutputs(stack);
  const longestDays = Math.max(
    ...[plan.server, plan.health, ...plan.services].map((one) => one.validityHours / 24),
  );
  return rows.data.map((row) => {
    const endsInDays = Math.floor((Date.parse(row.not_after) - now.getTime()) / dayMs);
    const noticeDays = row.kind === 'ca' ? withinDays + longestDays : withinDays;
    return {
      kind: row.kind,
      name: row.name,
      generation: row.generation,
      isPrevious: row.is_previous === true,
      authority: row.authority,
      serial: BigInt(row.serial).toString(16).toUpperCase(),
      notAfter: new Date(row.not_after).toISOString(),
      endsInDays,
      state: endsInDays < 0 ? 'ended' : endsInDays < noticeDays ? 'ends-soon' : 'valid',
    };
  });
}
