import { Worker } from 'node:worker_threads';
import { configText } from '../messages/config.ts';
import { dotted } from './parse.ts';

/** What config-worker.mjs answers. */
type Answer =
  | { value: unknown }
  | { needsTypeScript: true }
  | { threw: string }
  | { withoutDefault: true }
  | { notData: { path: string[]; type: string } };

/** What config-worker.mjs is told. */
interface Order {
  readonly url: string;
  /** Loads the compiler too, for packages that are TypeScript, as this kit is. It takes four times as long as the rest. */
  readonly withTypeScript: boolean;
}

/** How long a configuration may take to run: it is an object to write down, and needs some milliseconds. */
const timeoutMs = 10_000;

/** How a configuration is run. */
export interface RunOptions {
  /** Default: ten seconds. */
  readonly timeoutMs?: number | undefined;
  /** Ends the run. By default nothing does. */
  readonly ending?: AbortSignal | undefined;
}

/**
 * Runs a compiled configuration in a thread of its own, so that it can neither end this process nor keep it: what it
 * exports comes back as a copy, each of its getters read once.
 *
 * @param url of the compiled module
 * @param shown the file's name, for messages
 * @throws UserError where it throws, ends by itself, takes too long or exports what is no data; the reason of `ending`
 *   where that came first
 */
export async function runConfig(url: string, shown: string, options: RunOptions = {}): Promise<unknown> {
  let answer = await answerOf({ url, withTypeScript: false }, shown, options);
  if ('needsTypeScript' in answer) answer = await answerOf({ url, withTypeScript: true }, shown, options);
  if ('value' in answer) return answer.value;
  if ('withoutDefault' in answer) throw configText.noDefaultExport(shown);
  if ('notData' in answer) throw configText.notData(shown, dotted(answer.notData.path), answer.notData.type);
  throw configText.threw(shown, firstLines('threw' in answer ? answer.threw : 'a package is TypeScript'));
}

async function answerOf(order: Order, shown: string, options: RunOptions): Promise<Answer> {
  options.ending?.throwIfAborted();
  const worker = new Worker(new URL('./config-worker.mjs', import.meta.url), { workerData: order });
  const limitMs = options.timeoutMs ?? timeoutMs;
  let end: () => void = () => undefined;
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<Answer>((settle, fail) => {
      worker.once('message', settle);
      worker.once('error', (error) => settle({ threw: error.message }));
      worker.once('exit', () => fail(configText.endedEarly(shown)));
      timer = setTimeout(() => fail(configText.tookTooLong(shown, limitMs)), limitMs);
      end = () => fail(options.ending?.reason as Error);
      options.ending?.addEventListener('abort', end);
    });
  } finally {
    clearTimeout(timer);
    options.ending?.removeEventListener('abort', end);
    await worker.terminate();
  }
}

/** The part of a message that is worth a place in another. */
export function firstLines(message: string): string {
  return message.split('\n').slice(0, 6).join('\n');
}
