import { execFile } from 'node:child_process';
import { findProgram } from '../setup/find-program.mjs';
import {
  checkovRequirements,
  checkovVersion,
  reasonForNoCheckov,
} from '../../test/linters/support/checkov.ts';
import { pythonPackages } from '../../test/support/python-packages.ts';

/** What another tool found: its checks by the folder of a stack. */
export type Findings = ReadonlyMap<string, ReadonlySet<string>>;

/** A tool that is run over the written corpus. */
export interface OtherTool {
  readonly name: string;
  /** Why it is not run here; undefined: it is. */
  readonly missing: string | undefined;
  run(root: string): Promise<Findings>;
}

function output(
  program: string,
  parameters: readonly string[],
  more: NodeJS.ProcessEnv = {},
): Promise<string> {
  return new Promise((settle, fail) => {
    execFile(
      program,
      [...parameters],
      { env: { ...process.env, ...more }, maxBuffer: 1 << 30 },
      (error, stdout, stderr) => {
        // Tools end with 1 where they find something.
        if (error !== null && stdout === '')
          fail(new Error(`${program} failed:\n${stderr}`, { cause: error }));
        else settle(stdout);
      },
    );
  });
}

function collect(pairs: readonly (readonly [file: string, check: string])[]): Findings {
  const found = new Map<string, Set<string>>();
  for (const [file, check] of pairs) {
    const [folder] = /case-\d{4}/.exec(file) ?? [];
    if (folder !== undefined) found.set(folder, (found.get(folder) ?? new Set()).add(check));
  }
  return found;
}

/** checkov from PyPI, pinned by hash and kept: the one that the linters' tests run. */
export function checkov(): OtherTool {
  return {
    name: `checkov ${checkovVersion}`,
    missing: reasonForNoCheckov(),
    run: async (root) => {
      const { program, path } = await pythonPackages('checkov', checkovRequirements);
      const frameworks = ['terraform_json', 'terraform_plan', 'secrets'];
      const text = await output(
        program,
        [
          '-m',
          'checkov.main',
          '-d',
          root,
          '--framework',
          ...frameworks,
          '--output',
          'json',
          '--compact',
          '--quiet',
          '--skip-download',
        ],
        { PYTHONPATH: path, LOG_LEVEL: 'ERROR' },
      );
      const reports = [JSON.parse(text)].flat() as readonly CheckovReport[];
      return collect(
        reports.flatMap(({ results }) =>
          (results?.failed_checks ?? []).map(
            (one) => [one.file_abs_path ?? one.file_path, one.check_id] as const,
          ),
        ),
      );
    },
  };
}

interface CheckovReport {
  readonly results?: {
    readonly failed_checks: readonly {
      readonly file_path: string;
      readonly file_abs_path?: string;
      readonly check_id: string;
    }[];
  };
}

/** trivy where it is installed: no registry of packages that the kit uses has it. */
export function trivy(): OtherTool {
  const program = findProgram('trivy');
  return {
    name: 'trivy',
    missing:
      program === undefined
        ? 'no registry that the kit installs from has it: put it into PATH to have it run'
        : undefined,
    run: async (root) => {
      const text = await output(program ?? 'trivy', [
        ...[
          'fs',
          '--scanners',
          'misconfig,secret',
          '--format',
          'json',
          '--offline-scan',
          '--skip-check-update',
        ],
        ...['--skip-version-check', '--quiet', root],
      ]);
      const { Results: results } = JSON.parse(text) as TrivyReport;
      return collect(
        (results ?? []).flatMap(
          ({ Target: target, Misconfigurations: misconfigurations, Secrets: secrets }) => [
            ...(misconfigurations ?? []).map(({ ID: id }) => [target, id] as const),
            ...(secrets ?? []).map(({ RuleID: id }) => [target, id] as const),
          ],
        ),
      );
    },
  };
}

interface TrivyReport {
  readonly Results?: readonly {
    readonly Target: string;
    readonly Misconfigurations?: readonly { readonly ID: string }[];
    readonly Secrets?: readonly { readonly RuleID: string }[];
  }[];
}
