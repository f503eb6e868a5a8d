import type { CrlResult } from './measure/crl.ts';
import type { FirstToken } from './measure/first-token.ts';
import type { InstructionCount } from './measure/instructions.ts';
import type { ReloadResult } from './measure/reload.ts';
import type { RenderTime } from './measure/render-time.ts';
import type { Comparison, Throughput } from './measure/throughput.ts';
import type { TimeToVerdict } from './measure/time-to-verdict.ts';

/** Where and when the numbers were taken. */
export interface Circumstances {
  readonly date: string;
  readonly processor: string;
  readonly processors: number;
  readonly system: string;
  /** Of the last minute, when the bench began: over 1 another program took time from it. */
  readonly loadAverage: number;
  readonly versions: Readonly<Record<string, string>>;
}

export interface PolicyPartCost {
  readonly part: string;
  /** The CPU time of a request that goes when the part is taken out, as a share of the whole gateway's; negative is noise. */
  readonly shareOfCpu: number;
  /** Against nginx without a policy. */
  readonly toBare: Comparison;
}

export interface BenchResults {
  readonly circumstances: Circumstances;
  readonly throughput: readonly Throughput[];
  /** What each variant makes of each workload, against nginx without a policy. */
  readonly ratios: readonly {
    readonly variant: string;
    readonly workload: string;
    readonly toBare: Comparison;
  }[];
  readonly toHaproxy: Comparison | undefined;
  readonly manyToOne: Comparison;
  readonly parts: readonly PolicyPartCost[];
  /** Undefined where valgrind is not installed, and in a quick run. */
  readonly instructions: readonly InstructionCount[] | undefined;
  readonly firstToken: readonly FirstToken[];
  readonly reloads: readonly ReloadResult[];
  readonly crls: readonly CrlResult[];
  readonly renders: readonly RenderTime[];
  /** A reason, where it could not be measured. */
  readonly verdict: TimeToVerdict | string;
}

export const variantNames = {
  direct: 'upstream direct',
  bare: 'nginx without policy',
  haproxy: 'HAProxy, its log',
  guide: 'nginx, usual guide',
  gateway: (identities: number) => `gateway, ${identities} ${identities === 1 ? 'identity' : 'identities'}`,
  noLog: 'gateway, no log',
  unbuffered: 'gateway, log unbuffered',
} as const;
