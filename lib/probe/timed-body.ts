import { createGunzip, type Gunzip } from 'node:zlib';
import type { Arrival } from './stream-timing.ts';
import { maxReadBytes } from './tcp.ts';

/**
 * Notes when each piece of a body could be read, gzip undone: a compressor may send bytes early that hold no token yet.
 * At most 64 KiB of text are kept, whatever they unpack to.
 */
export class TimedBody {
  readonly arrivals: Arrival[] = [];
  readonly #pieces: Buffer[] = [];
  #gunzip: Gunzip | undefined;
  #size = 0;
  #started = false;

  /** Takes the next piece as it came over the network. */
  add(chunk: Buffer): void {
    if (!this.#started) {
      this.#started = true;
      // Magic number of gzip (RFC 1952 section 2.3.1); JSON never begins like that.
      if (chunk[0] === 0x1f) this.#gunzip = this.#open();
    }
    if (this.#gunzip === undefined) this.#note(chunk);
    else if (!this.#gunzip.destroyed) this.#gunzip.write(chunk);
  }

  /** The text, once the last piece was taken. */
  async text(): Promise<string> {
    const gunzip = this.#gunzip;
    if (gunzip !== undefined && !gunzip.destroyed) {
      const closed = new Promise<void>((resolve) => gunzip.once('close', resolve));
      gunzip.end();
      await closed;
    }
    return Buffer.concat(this.#pieces).toString('utf8');
  }

  #open(): Gunzip {
    const gunzip = createGunzip();
    gunzip.on('data', (piece: Buffer) => {
      this.#note(piece);
      if (this.#size > maxReadBytes) gunzip.destroy();
    });
    gunzip.on('error', () => gunzip.destroy());
    return gunzip;
  }

  #note(piece: Buffer): void {
    this.#size += piece.length;
    if (this.#size > maxReadBytes) return;
    this.#pieces.push(piece);
    this.arrivals.push({ atMs: performance.now(), bytes: piece.length });
  }
}
