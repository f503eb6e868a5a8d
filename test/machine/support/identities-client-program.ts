import { Agent } from 'node:https';
import type { TLSSocket } from 'node:tls';
import type { Answer, Answers, ClientCall, ClientResult, Presented } from './identities-clients.ts';
import { askOnStream, endStreams, startStream } from './identities-client-stream.ts';
import { get, type Asked } from './identities-client-request.ts';
import { startLoad, stopLoad } from './identities-client-load.ts';

/**
 * The services' clients, outside of the machine: what they keep between two changes of a configuration, a connection
 * and a session of TLS, is kept here. Does what its parent asks, one call after the other, and ends with it.
 */
interface Kept {
  readonly agent: Agent;
  readonly socket: TLSSocket;
  readonly session: Buffer | undefined;
}
const kept = new Map<string, Kept>();

process.on('message', (call: ClientCall) => {
  void answer(call).then(
    (result) => process.send?.({ call: call.call, result }),
    (error: unknown) => process.send?.({ call: call.call, error: String(error) }),
  );
});
process.once('disconnect', () => process.exit());
process.send?.('ready');

async function answer(call: ClientCall): Promise<ClientResult> {
  switch (call.kind) {
    case 'keep':
      await keep(call.name, call.presented);
      return undefined;
    case 'ask':
      return await askThreeWays(call.name, call.presented);
    case 'fresh':
      return await fresh(call.presented);
    case 'start-load':
      startLoad(call.identities);
      return undefined;
    case 'stop-load':
      return await stopLoad();
    case 'stream':
      await startStream(call.name, call.presented);
      return undefined;
    case 'ask-on-stream':
      return await askOnStream(call.name);
    case 'end-streams':
      return await endStreams();
  }
}

/** Opens a connection that stays, and saves the session of another, which the gateway must not resume. */
async function keep(name: string, presented: Presented): Promise<void> {
  kept.get(name)?.agent.destroy();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const first = await get(presented, { agent });
  if (first.status !== 200) throw new Error(`${name} is answered ${first.status} before the change`);
  const other = await get(presented, { agent: false });
  // A reload makes nginx forget the keys of its tickets: before one it shows whether there are any.
  const again = await get(presented, { agent: false, session: other.session });
  if (again.socket.isSessionReused()) throw new Error(`the session of ${name} was resumed`);
  kept.set(name, { agent, socket: first.socket, session: other.session });
}

async function askThreeWays(name: string, presented: Presented): Promise<Answers> {
  const before = kept.get(name);
  return {
    fresh: await fresh(presented),
    ...(before === undefined
      ? {}
      : {
          resumed: toAnswer(await get(presented, { agent: false, session: before.session })),
          kept: await nextRequest(presented, before),
        }),
  };
}

async function fresh(presented: Presented): Promise<Answer> {
  return toAnswer(await get(presented, { agent: false }));
}

/** The next request of a client that keeps its connection alive; where that is gone the agent opens another. */
async function nextRequest(presented: Presented, { agent, socket }: Kept): Promise<Answer> {
  const asked = await get(presented, { agent });
  return { ...toAnswer(asked), onOldConnection: asked.socket === socket };
}

const toAnswer = ({ status, requestId, socket }: Asked): Answer => ({
  status,
  requestId,
  isResumed: socket.isSessionReused(),
});
