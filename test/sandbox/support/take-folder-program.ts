// Takes each state folder that a line of standard input names, keeps it, and says on a line how that went.
import { createInterface } from 'node:readline';
import { takeStateDirectory } from '../../../lib/sandbox/state-directory.ts';

process.stdout.write('ready\n');
for await (const folder of createInterface({ input: process.stdin })) {
  const outcome = await takeStateDirectory(folder).then(
    () => 'taken',
    (error: unknown) => `refused: ${String(error).replaceAll('\n', ' ')}`,
  );
  process.stdout.write(`${outcome}\n`);
}
