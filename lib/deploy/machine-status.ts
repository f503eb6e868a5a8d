import * as z from 'zod';
import { deployCommandText } from '../messages/deploy.ts';
import { lastLine, runOnMachine, type MachineLogin } from './ssh.ts';

/** What `hardening-release status --json` on the machine tells. */
const statusSchema = z.object({
  release: z.string(),
  previous: z.string(),
  health: z.string(),
  last_release: z.string(),
  last_started: z.string(),
  last_ended: z.string(),
  last_outcome: z.string(),
  last_reason: z.string(),
  interrupted: z.string().optional(),
  drift: z.array(z.string()),
  refused: z.array(z.string()),
});
export type MachineStatus = z.output<typeof statusSchema>;

/**
 * Asks a machine over SSH, with its host key pinned, what is in force there. Changes nothing.
 *
 * @throws UserError where it cannot be reached or gives no answer
 */
export async function machineStatus(login: MachineLogin): Promise<MachineStatus> {
  const command = 'hardening-release status --json';
  const { stdout, stderr, status } = await runOnMachine(
    login,
    login.user === 'root' ? command : `sudo -n ${command}`,
  );
  // ssh's own failures end with 255; the program's 1 says that something needs attention.
  if (status === 255) throw deployCommandText.unreachable(login.address, lastLine(stderr));
  const parsed = statusSchema.safeParse(parseJson(stdout));
  if (!parsed.success) throw deployCommandText.noRelease(login.address, lastLine(stderr));
  return parsed.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
