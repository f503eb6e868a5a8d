import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { pythonPackages, reasonForNoPython } from '../../support/python-packages.ts';
import type { Finding } from './finding.ts';

/** The checkov that requirements/checkov.txt pins. */
export const checkovVersion = '3.3.30';

/** checkov and all that it needs, as pip reads it. */
export const checkovRequirements = fileURLToPath(new URL('../requirements/checkov.txt', import.meta.url));

/** Why it cannot be installed here; undefined where it can. */
export function reasonForNoCheckov(): string | undefined {
  return reasonForNoPython(11);
}

/** What checkov reads of a folder: terraform's JSON, CI files, and secrets in any file. */
const frameworks = ['terraform_json', 'github_actions', 'gitlab_ci', 'bitbucket_pipelines', 'secrets'];

interface Report {
  readonly check_type: string;
  readonly results: {
    readonly failed_checks: readonly Check[];
    readonly passed_checks: readonly Check[];
    readonly parsing_errors: readonly string[];
  };
}
interface Check {
  readonly check_id: string;
  readonly check_name: string;
  readonly file_path: string;
  readonly resource: string;
}

/** What checkov said, and how many checks it made, by framework: none where it found no file of that kind. */
export interface CheckovResult {
  readonly findings: readonly Finding[];
  readonly checks: Readonly<Record<string, number>>;
}

/**
 * What checkov says of the files in a folder. It asks no network.
 *
 * @throws Error for a file that it cannot read
 */
export async function checkov(folder: string): Promise<CheckovResult> {
  const { program, path } = await pythonPackages('checkov', checkovRequirements);
  const { stdout, stderr } = await new Promise<{ stdout: string; stderr: string }>((settle) => {
    const parameters = ['--directory', folder, '--framework', ...frameworks, '--output', 'json', '--compact'];
    execFile(
      program,
      ['-m', 'checkov.main', ...parameters, '--skip-download', '--enable-secret-scan-all-files'],
      { cwd: folder, env: { ...process.env, PYTHONPATH: path, LOG_LEVEL: 'ERROR' }, maxBuffer: 1 << 28 },
      // It ends with 1 where it finds something; what it could not read is in the report.
      (_error, stdout, stderr) => settle({ stdout, stderr }),
    );
  });
  if (stdout === '') throw new Error(`checkov failed: ${stderr}`);
  const reports = ([JSON.parse(stdout)].flat() as readonly Partial<Report>[]).flatMap(
    ({ check_type: type, results }) =>
      type === undefined || results === undefined ? [] : [{ type, results }],
  );
  const unread = reports.flatMap(({ results }) => results.parsing_errors);
  if (unread.length > 0) throw new Error(`checkov could not read ${unread.join(', ')}: ${stderr}`);
  return {
    findings: reports.flatMap(({ results }) =>
      results.failed_checks.map(({ check_id: rule, check_name: said, file_path: file, resource }) => ({
        rule,
        where: `${file.replace(/^\//, '')}: ${resource}`,
        said,
      })),
    ),
    checks: Object.fromEntries(
      reports.map(({ type, results }) => [type, results.passed_checks.length + results.failed_checks.length]),
    ),
  };
}
