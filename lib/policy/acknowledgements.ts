import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { reason } from '../config/values.ts';
import { policyText } from '../messages/policy.ts';
import { rules } from './rules/index.ts';

/** A finding that may stay: one rule at one resource, and why. */
export interface Acknowledgement {
  readonly rule: string;
  /** The resource exactly as the finding names it. */
  readonly resource: string;
  /** Why this is acceptable, and who decided it. */
  readonly reason: string;
}

const acknowledgementSchema = z.strictObject({
  rule: z.string().refine((id) => rules.some((rule) => rule.id === id), 'it is the id of no rule'),
  resource: z.string().min(1).max(500),
  reason,
});

/**
 * Checks acknowledgements that come from elsewhere.
 *
 * @param from what messages call their place
 * @throws UserError for one that lacks rule, resource or reason, or names a rule that there is not
 */
export function parseAcknowledgements(value: unknown, from: string): Acknowledgement[] {
  const { success, data, error } = z.array(acknowledgementSchema).safeParse(value);
  if (success) return data;
  const [first] = error.issues;
  throw policyText.badAcknowledgements(from, `[${first?.path.join('.') ?? ''}] ${first?.message ?? ''}`);
}

/**
 * Reads a file of acknowledgements.
 *
 * @throws UserError for a file that cannot be read or says something else
 */
export function readAcknowledgements(file: string): Acknowledgement[] {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) throw policyText.badAcknowledgements(file, error.message);
    throw policyText.unreadable(file, (error as NodeJS.ErrnoException).code ?? 'unknown');
  }
  return parseAcknowledgements(json, file);
}
