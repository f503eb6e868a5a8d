import * as z from 'zod';
import { oneOf } from '../values.ts';

export const targetSection = z.strictObject({
  /**
   * The machine's distribution. It decides which nginx and OpenSSL the files are written for: nginx 1.22 and OpenSSL
   * 3.0 on Debian 12, 1.26 and 3.5 on Debian 13, 1.24 and 3.0 on Ubuntu 24.04. Only Debian 13 offers the post-quantum
   * key exchange. By default the files are for Debian 13.
   */
  distribution: oneOf(['debian-12', 'debian-13', 'ubuntu-24.04']).default('debian-13'),
});
