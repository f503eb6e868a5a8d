import * as z from 'zod';
import { integer } from '../values.ts';

/** The gateway's access log: JSON, one object a line, without bodies, queries and credentials. */
export const logSection = z.strictObject({
  /**
   * How much of the access log nginx keeps in memory before it writes. A crash of a worker loses what is in it; 0 writes
   * every line at once and costs throughput (docs/performance.md). By default 32 KiB.
   */
  accessLogBufferKiB: integer(0, 1_024, 'KiB').default(32),
  /** How long a line may wait in that buffer, so the time that a crash can lose. By default 1 second. */
  accessLogFlushSeconds: integer(1, 60, 'seconds').default(1),
  /**
   * The size above which logrotate rotates a log before its day is over; it looks once an hour. A log and its older
   * files take at most about `rotateCount` times this much, and what an hour adds. By default 100 MiB.
   */
  maxSizeMiB: integer(1, 65_536, 'MiB').default(100),
  /** How many older log files logrotate keeps, of a day each where none grew too large. By default 30. */
  rotateCount: integer(1, 3_650, 'files').default(30),
});
