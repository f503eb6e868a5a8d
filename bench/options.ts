import { Command } from 'commander';

export interface BenchOptions {
  readonly json: boolean;
  readonly quick: boolean;
}

/** How much is measured: the whole takes about five minutes, the quick one about one. */
export interface Effort {
  readonly rounds: number;
  readonly partRounds: number;
  readonly durationMs: number;
  readonly streams: number;
  readonly reloads: number;
  readonly renders: number;
  readonly verdicts: number;
  readonly countsInstructions: boolean;
}

export const fullEffort: Effort = {
  rounds: 20,
  partRounds: 10,
  durationMs: 300,
  streams: 200,
  reloads: 10,
  renders: 5,
  verdicts: 3,
  countsInstructions: true,
};

export const quickEffort: Effort = {
  rounds: 5,
  partRounds: 3,
  durationMs: 200,
  streams: 60,
  reloads: 3,
  renders: 3,
  verdicts: 1,
  countsInstructions: false,
};

export function readOptions(): BenchOptions {
  return new Command('bench')
    .description(
      'Measures the rendered gateway on loopback against the same upstream direct, nginx without a policy and HAProxy. ' +
        'Linux only: CPU time is read from /proc, and processes are kept on one processor each. Results and what they ' +
        'mean: docs/performance.md.',
    )
    .option('--quick', 'fewer rounds: about a minute instead of five, with more noise', false)
    .option('--json', 'print all results as JSON instead of tables', false)
    .parse()
    .opts<BenchOptions>();
}
