import { Command } from 'commander';
import { defaultConfigFile, loadConfig } from '../config/load.ts';
import { renderText } from '../messages/render.ts';
import { renderStacks } from '../render/render-stacks.ts';
import { parseFolder } from './parameters.ts';
import { paint, terminal } from '../messages/terminal.ts';

interface RenderOptions {
  readonly config: string;
  readonly out: string;
  readonly check: boolean;
}

/** `hardening render`: the files of every stack, for the pull request. */
export function renderCommand(): Command {
  return new Command('render')
    .summary('write the files of every stack to rendered/, or check them')
    .description(
      'Renders every stack of the configuration into DIR/<stack>/, laid out as the machine has it. Commit the ' +
        'folder: a reviewer reads there what a change of the configuration does.',
    )
    .option('--config <file>', 'the configuration', defaultConfigFile)
    .option('--out <dir>', 'where the folders go', parseFolder, 'rendered')
    .option(
      '--check',
      'change nothing; print a unified diff and exit 1 where the folder is not up to date',
      false,
    )
    .addHelpText('after', '\nExit codes: 0 done or up to date, 1 --check found differences, 2 bad input.')
    .action(async (options: RenderOptions) => {
      const { config } = await loadConfig(options.config);
      const differences = await renderStacks(config, options.out, options.check);
      const out = terminal(process.stdout);
      for (const { path, kind, diff } of differences) {
        const what = options.check ? renderText.kinds[kind] : renderText.done[kind];
        process.stdout.write(`${paint(out, 'bold', path)} ${what}\n`);
        if (options.check) process.stdout.write(diff);
      }
      if (!options.check) process.stdout.write(`${renderText.wrote(options.out, differences.length)}\n`);
      else if (differences.length === 0) process.stdout.write(`${renderText.upToDate(options.out)}\n`);
      else throw renderText.stale(differences.length);
    });
}
