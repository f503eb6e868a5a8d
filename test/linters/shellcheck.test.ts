import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { clean, judge } from './support/finding.ts';
import { shellPrograms, type ShellProgram } from './support/shell-programs.ts';
import { shellcheck, shellcheckProgram } from './support/shellcheck.ts';
import { synthesizeLinted } from './support/synthesized.ts';

if (shellcheckProgram === undefined)
  console.warn('shellcheck.test.ts: shellcheck is not installed, so it judges no program');

describe.skipIf(shellcheckProgram === undefined)('shellcheck, over the rendered shell programs', () => {
  let folder: TemporaryFolder;
  let programs: ShellProgram[];

  beforeAll(async () => {
    folder = await temporaryFolder();
    synthesizeLinted(folder.path);
    programs = await shellPrograms(folder.path);
  });
  afterAll(() => folder.remove());

  it.each([
    'usr/local/lib/hardening/load-nftables',
    'usr/local/lib/hardening/pull-models',
    'usr/local/lib/hardening/report-certificates',
    'etc/systemd/system/hardening-ollama.service',
    'etc/logrotate.d/hardening-gateway',
    'install.sh',
    'host/check-identity',
    'host/load-nftables',
    'user_data, runcmd',
    'github/.github/workflows/hardening.yml',
    'gitlab/.gitlab-ci.yml',
    'bitbucket/bitbucket-pipelines.yml',
  ])('reads %s', (name) => {
    expect(programs.filter(({ where }) => `: ${where}`.endsWith(`: ${name}`)).length).toBeGreaterThan(0);
  });

  it('reads what terraform runs on a machine', () => {
    expect(programs.filter(({ where }) => /: ollama_\w+$/.test(where)).length).toBeGreaterThanOrEqual(5);
  });

  it('has nothing to say that is not waived', () => {
    expect(judge('shellcheck', programs.flatMap(shellcheck))).toEqual(clean);
  });

  it('finds an unquoted variable in each of them', () => {
    for (const program of programs) {
      const spoiled = { ...program, text: `${program.text}\nrm -rf $HOME\n` };
      expect(
        shellcheck(spoiled).map(({ rule }) => rule),
        program.where,
      ).toContain('SC2086');
    }
  });
});
