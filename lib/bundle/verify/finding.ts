/** What one check of a bundle came to. */
export interface Finding {
  /** Names the check in JSON. */
  readonly check: 'modes' | 'pair' | 'chain' | 'name' | 'end' | 'forwarder' | 'gateway';
  /** `attention` wants something done; `unknown` could not be told. */
  readonly outcome: 'holds' | 'attention' | 'unknown';
  readonly text: string;
}
