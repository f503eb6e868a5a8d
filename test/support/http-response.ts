import { bodyReader, framingOf, takeHead, type HeaderList } from './http-bytes.ts';

/** One final response as it came over the wire. */
export interface RawResponse {
  readonly status: number;
  readonly reason: string;
  readonly version: string;
  /** In order, names in their original case. */
  readonly headers: HeaderList;
  /** Decoded. */
  readonly body: Buffer;
  /** False when the connection ended within the body. */
  readonly complete: boolean;
  /** Statuses of 1xx responses that came before it. */
  readonly interim: readonly number[];
  /** See MessageHead: `[]` for a response that is right to the letter. */
  readonly departures: readonly string[];
}

/**
 * Takes the response to a `method` request from the start of `bytes`; undefined while it is not whole and more can
 * come. With `ended` it is taken as far as it came. Throws MalformedMessage for what is no response.
 */
export function takeResponse(
  bytes: Buffer,
  method: string,
  ended: boolean,
): { response: RawResponse; rest: Buffer } | undefined {
  const interim: number[] = [];
  let rest = bytes;
  for (;;) {
    const head = takeHead(rest);
    if (head === undefined) return undefined;
    const line = /^(HTTP\/[\d.]+) (\d{3})(?: (.*))?$/.exec(head.startLine);
    if (line === null) return { response: notHttp(rest), rest: Buffer.alloc(0) };
    const [, version = '', code = '', reason = ''] = line;
    const status = Number(code);
    rest = rest.subarray(head.end);
    if (status < 200 && status !== 101) {
      interim.push(status);
      continue;
    }
    const about = { status, reason, version, headers: head.headers, interim };
    const { framing, departures } = framingOf(head.headers);
    const known = [...head.departures, ...departures];
    if (method === 'HEAD' || status < 200 || status === 204 || status === 304)
      return { response: { ...about, body: Buffer.alloc(0), complete: true, departures: known }, rest };
    if (framing.kind === 'none') {
      // RFC 9112, 6.3: without a length it runs to the end of the connection.
      if (!ended) return undefined;
      return { response: { ...about, body: rest, complete: true, departures: known }, rest: Buffer.alloc(0) };
    }
    const reader = bodyReader(framing);
    const body: Buffer[] = [];
    const taken = reader.take(rest, body);
    if (!taken.done && !ended) return undefined;
    const response = {
      ...about,
      body: Buffer.concat(body),
      complete: taken.done,
      departures: [...known, ...reader.departures],
    };
    return { response, rest: taken.done ? taken.rest : Buffer.alloc(0) };
  }
}

/** What is answered in no HTTP/1 at all (nginx to HTTP/0.9, a TLS alert): status 0, all bytes as the body. */
function notHttp(bytes: Buffer): RawResponse {
  return {
    status: 0,
    reason: '',
    version: '',
    headers: [],
    body: bytes,
    complete: false,
    interim: [],
    departures: ['not HTTP/1'],
  };
}
