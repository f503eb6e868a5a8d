import { openRawConnection, requestBytes, type HeaderList } from '../../support/raw-http.ts';
import { startLocalForwarder, type LocalForwarder } from './local-forwarder.ts';
import { startRecordingGateway, type RecordingGateway } from './recording-gateway.ts';

/** What a forwarder answered. */
export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** A forwarder of the service `ci` in front of a gateway that keeps what it is sent. */
export interface RecordedForwarder {
  readonly gateway: RecordingGateway;
  readonly forwarder: LocalForwarder;
  /** The Host header of an ordinary client. */
  readonly host: readonly [name: string, value: string];
  /** One request in exactly these bytes; as an ordinary client's unless headers are given. */
  ask(startLine: string, headers?: HeaderList, body?: string): Promise<Answer>;
  post(path: string, body: string, more?: HeaderList): Promise<Answer>;
  /** Forgets requests, and has the gateway be good again. */
  reset(): void;
  stop(): Promise<void>;
}

export async function startRecordedForwarder(): Promise<RecordedForwarder> {
  const gateway = await startRecordingGateway();
  const forwarder = await startLocalForwarder(gateway, 'ci');
  const host = ['Host', `127.0.0.1:${forwarder.port}`] as const;
  const ask: RecordedForwarder['ask'] = async (startLine, headers = [host], body = '') => {
    const connection = await openRawConnection({ port: forwarder.port });
    try {
      await connection.write(requestBytes(startLine, headers, body));
      const { response } = await connection.read({ methods: [startLine.split(' ')[0] ?? ''] });
      return { status: response.status, body: response.body.toString() };
    } finally {
      connection.close('reset');
    }
  };
  return {
    gateway,
    forwarder,
    host,
    ask,
    post: (path, body, more = []) =>
      ask(`POST ${path} HTTP/1.1`, [host, ['Content-Length', String(body.length)], ...more], body),
    reset: () => {
      gateway.requests.length = 0;
      gateway.answer = (_request, response) => response.end('{}');
      gateway.become({});
    },
    stop: async () => {
      await forwarder.stop();
      await gateway.stop();
    },
  };
}
