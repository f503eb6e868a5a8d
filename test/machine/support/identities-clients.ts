import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { within } from '../../gateway/support/waiting.ts';

/** What a client shows, as PEM, and whom it asks. */
export interface Presented {
  readonly address: string;
  readonly serverName: string;
  readonly certificate: string;
  readonly key: string;
  /** The CAs that it trusts. */
  readonly ca: string;
}

export interface Answer {
  readonly status: number;
  /** As the gateway sends it, logs it, and passes it on to Ollama. */
  readonly requestId: string;
  /** Whether the server took the session that was offered. */
  readonly isResumed: boolean;
  /** Of a kept-alive connection's next request: whether the connection was still there. */
  readonly onOldConnection?: boolean;
}

/** How one identity is answered after a change; the last two where it was let in before. */
export interface Answers {
  readonly fresh: Answer;
  readonly resumed?: Answer;
  readonly kept?: Answer;
}

/** What a load has seen, of one identity or of one way of asking. */
export interface LoadCount {
  readonly requests: number;
  /** Answers other than 200, and errors, as texts. */
  readonly failures: readonly string[];
  /** Kept-alive connections that nginx had closed when the request was sent on them: sent again on a new one. */
  readonly sentAgain: number;
}

export interface LoadResult {
  readonly fresh: LoadCount;
  readonly kept: LoadCount;
}

/** A chat's stream, from its first chunk to its end. */
export interface StreamEnd {
  readonly chunks: number;
  readonly end: 'whole' | 'cut';
}

/** What the connection of a running stream is answered to another request; no status where it takes none. */
export interface OnStream {
  readonly status: number | undefined;
}

type Kind =
  | { readonly kind: 'keep'; readonly name: string; readonly presented: Presented }
  | { readonly kind: 'ask'; readonly name: string; readonly presented: Presented }
  | { readonly kind: 'fresh'; readonly presented: Presented }
  | { readonly kind: 'start-load'; readonly identities: Readonly<Record<string, Presented>> }
  | { readonly kind: 'stop-load' }
  | { readonly kind: 'stream'; readonly name: string; readonly presented: Presented }
  | { readonly kind: 'ask-on-stream'; readonly name: string }
  | { readonly kind: 'end-streams' };
export type ClientCall = Kind & { readonly call: number };
export type ClientResult =
  | Answers
  | Answer
  | OnStream
  | Readonly<Record<string, LoadResult>>
  | Readonly<Record<string, StreamEnd>>
  | undefined;

export interface Clients {
  /** Keeps a connection and a session of an identity that is let in. */
  keep(name: string, presented: Presented): Promise<void>;
  /** Asks by a new connection, by a saved session, and by the connection that was kept. */
  ask(name: string, presented: Presented): Promise<Answers>;
  fresh(presented: Presented): Promise<Answer>;
  /** Each identity asks without an end, by new and by kept-alive connections. */
  startLoad(identities: Readonly<Record<string, Presented>>): Promise<void>;
  stopLoad(): Promise<Readonly<Record<string, LoadResult>>>;
  /** Begins a chat whose answer has no end of its own; returns with the first chunk. */
  stream(name: string, presented: Presented): Promise<void>;
  /** Sends another request on the connection of a running stream. */
  askOnStream(name: string): Promise<OnStream>;
  /** Waits for the end of all streams. */
  endStreams(): Promise<Readonly<Record<string, StreamEnd>>>;
  stop(): Promise<void>;
}

const program = fileURLToPath(new URL('identities-client-program.ts', import.meta.url));

/**
 * Starts this machine's Node as the clients of a machine.
 *
 * @param placed makes of a command one that runs where the clients are, such as outside of the machine
 */
export async function startClients(
  placed: (command: readonly string[]) => readonly string[],
): Promise<Clients> {
  const [command = '', ...parameters] = placed([process.execPath, '--import', 'tsx', program]);
  const child = spawn(command, parameters, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const ended = once(child, 'exit');
  const waiting = new Map<number, { resolve: (result: unknown) => void; reject: (error: Error) => void }>();
  await within(
    Promise.race([once(child, 'message'), ended.then(() => Promise.reject(new Error('the clients ended')))]),
    'the clients',
  );
  child.on('message', ({ call, result, error }: { call: number; result?: unknown; error?: string }) => {
    if (error === undefined) waiting.get(call)?.resolve(result);
    else waiting.get(call)?.reject(new Error(error));
  });
  let calls = 0;
  const asking = <Result>(kind: Kind): Promise<Result> =>
    new Promise((resolve, reject) => {
      const call = (calls += 1);
      waiting.set(call, { resolve: resolve as (result: unknown) => void, reject });
      child.send({ ...kind, call });
    });
  return {
    keep: (name, presented) => asking({ kind: 'keep', name, presented }),
    ask: (name, presented) => asking({ kind: 'ask', name, presented }),
    fresh: (presented) => asking({ kind: 'fresh', presented }),
    startLoad: (identities) => asking({ kind: 'start-load', identities }),
    stopLoad: () => asking({ kind: 'stop-load' }),
    stream: (name, presented) => asking({ kind: 'stream', name, presented }),
    askOnStream: (name) => asking({ kind: 'ask-on-stream', name }),
    endStreams: () => asking({ kind: 'end-streams' }),
    stop: async () => {
      child.kill();
      await ended;
    },
  };
}
