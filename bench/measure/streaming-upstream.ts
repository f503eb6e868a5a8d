import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** An upstream that streams as Ollama does, and remembers when it sent each token. */
export interface StreamingUpstream {
  readonly port: number;
  /** When each token of the latest stream was handed to the kernel, in performance.now() milliseconds. */
  readonly sentAt: readonly number[];
  close(): Promise<void>;
}

/** The line that carries a token; it names its number, so that a reader knows it whatever it was bunched with. */
export function tokenLine(number: number): string {
  return `{"model":"qwen2.5-coder:7b","response":" token","n":${number},"done":false}\n`;
}

/** Answers every request with `tokens` lines, one every `gapMs`, each a chunk of its own; the first with the headers. */
export async function startStreamingUpstream(tokens: number, gapMs: number): Promise<StreamingUpstream> {
  let sentAt: number[] = [];
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
    let received = '';
    socket.setEncoding('latin1').on('data', (text: string) => {
      received += text;
      const end = received.indexOf('\r\n\r\n');
      if (end < 0) return;
      const bodyLength = Number(/\r\ncontent-length: (\d+)/i.exec(received)?.[1] ?? 0);
      if (received.length < end + 4 + bodyLength) return;
      const close = /\r\nconnection: close\r\n/i.test(received);
      received = '';
      sentAt = [];
      void stream(socket, sentAt, close);
    });
  });

  async function stream(socket: Socket, sent: number[], close: boolean): Promise<void> {
    const headers =
      'HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n' +
      `${close ? 'Connection: close\r\n' : ''}\r\n`;
    for (let number = 0; number < tokens; number++) {
      await sleep(gapMs);
      const line = tokenLine(number);
      sent.push(performance.now());
      socket.write(`${number === 0 ? headers : ''}${line.length.toString(16)}\r\n${line}\r\n`);
    }
    await sleep(gapMs);
    socket.write('0\r\n\r\n');
    if (close) socket.end();
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    get sentAt() {
      return sentAt;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
