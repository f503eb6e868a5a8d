/**
 * What a change does to what the stack lets happen. `widens`: somebody may do more. `mayWiden`: it cannot be told from
 * the configuration, so a person must read it. `loses`: a droplet or a CA is replaced or destroyed.
 */
export type Mark = 'widens' | 'mayWiden' | 'loses' | 'narrows' | 'neutral';

/** One change in words that a person can approve. */
export interface Change {
  readonly mark: Mark;
  /** The stack, or the plan's file. */
  readonly of: string;
  /** Markdown without line ends; every value from elsewhere is in a code span. */
  readonly text: string;
}

/** A change before it is known of which stack. */
export type Finding = Omit<Change, 'of'>;

/** Whether a change needs somebody to agree to it. */
export function needsApproval({ mark }: Pick<Change, 'mark'>): boolean {
  return mark === 'widens' || mark === 'mayWiden' || mark === 'loses';
}

/** The mark of a change that both adds and takes away: what is added counts. */
export function markOf(added: boolean, taken: boolean): Mark {
  return added ? 'widens' : taken ? 'narrows' : 'neutral';
}
