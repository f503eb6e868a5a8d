import { connect, type ClientHttp2Session } from 'node:http2';
import type { OnStream, Presented, StreamEnd } from './identities-clients.ts';

interface Stream {
  readonly session: ClientHttp2Session;
  readonly end: Promise<StreamEnd>;
}
const streams = new Map<string, Stream>();

/** Begins a chat over HTTP/2; returns with its first chunk. */
export async function startStream(name: string, presented: Presented): Promise<void> {
  const { address, serverName, certificate, key, ca } = presented;
  const session = connect(`https://${address}`, { servername: serverName, cert: certificate, key, ca });
  session.on('error', () => undefined);
  const stream = session.request({
    ':method': 'POST',
    ':path': '/ollama/api/chat',
    ':authority': serverName,
    'content-type': 'application/json',
  });
  stream.on('error', () => undefined);
  let text = '';
  const begun = new Promise<void>((resolve, reject) => {
    stream.once('data', () => resolve());
    stream.once('close', () => reject(new Error(`the stream of ${name} did not begin`)));
  });
  stream.setEncoding('utf8').on('data', (piece: string) => (text += piece));
  const end = new Promise<StreamEnd>((resolve) => {
    stream.once('close', () => {
      session.destroy();
      const lines = text.split('\n');
      resolve({
        chunks: lines.length - 1,
        end: lines.at(-2)?.includes('"done":true') === true ? 'whole' : 'cut',
      });
    });
  });
  streams.set(name, { session, end });
  stream.end(JSON.stringify({ model: 'm', messages: [] }));
  await begun;
}

/** Another request on the connection of a stream that runs. */
export function askOnStream(name: string): Promise<OnStream> {
  return new Promise((resolve) => {
    const session = streams.get(name)?.session;
    if (session === undefined || session.closed || session.destroyed) {
      resolve({ status: undefined });
      return;
    }
    const stream = session.request({ ':path': '/ollama/api/version', ':authority': 'models.example.com' });
    stream.on('response', (headers) => resolve({ status: headers[':status'] }));
    stream.on('error', () => undefined);
    stream.on('close', () => resolve({ status: undefined }));
    stream.resume().end();
  });
}

/** Waits for the end of all streams. */
export async function endStreams(): Promise<Readonly<Record<string, StreamEnd>>> {
  const ends: Record<string, StreamEnd> = {};
  for (const [name, { end }] of streams) ends[name] = await end;
  streams.clear();
  return ends;
}
