import * as z from 'zod';
import { dnsName, integer, ipAddress, oneOf, port } from '../values.ts';

/** The nginx gateway: names, ports, limits on a single request, time-outs. Terms are nginx's own. */
export const gatewaySection = z.strictObject({
  /**
   * The host names of the gateway, for the server certificate and the Host header; a request for another name gets
   * 421. `localhost` and 127.0.0.1 are always served as well, for checks from the machine itself. No default: clients
   * must know the name.
   */
  serverNames: z.array(dnsName).min(1).max(16).meta({
    allowed: 'a list of 1 to 16 DNS names',
    fix: "write the names, for example ['models.example.com']",
  }),
  /** The address that nginx listens on. By default every IPv4 address of the machine; the firewall says who gets there. */
  listenAddress: ipAddress.default('0.0.0.0'),
  /** The port for TLS. By default 443. */
  listenPort: port.default(443),
  /**
   * The port for plain HTTP, which answers 401 to everything so that a client with a wrong URL learns of it before it
   * sends a second prompt; `false` leaves the port closed. By default 80.
   */
  plainListenPort: z
    .union([port, z.literal(false)])
    .meta({ allowed: 'a TCP port from 1 to 65535, or false', fix: 'choose a port, or false for none' })
    .default(80),
  /**
   * The largest request body; a larger one gets 413. Bodies are kept in memory until they are complete, never on
   * disk, so a larger value costs memory per concurrent request. By default 8 MiB.
   */
  clientMaxBodySizeKiB: integer(1, 262_144, 'KiB').default(8_192),
  /** Room for request headers; a longer line or more lines get 400 or 414. By default 4 buffers of 8 KiB. */
  largeClientHeaderBuffers: z
    .strictObject({
      /** How many buffers one request may use. By default 4. */
      number: integer(1, 16, 'buffers').default(4),
      /** The size of a buffer, so the longest header line. By default 8 KiB. */
      sizeKiB: integer(1, 64, 'KiB').default(8),
    })
    .prefault({}),
  /** How long a client may take for the TLS handshake, and again for the request headers. By default 10 seconds. */
  clientHeaderTimeoutSeconds: integer(1, 120, 'seconds').default(10),
  /** How long the body may pause between two reads; then 408. By default 15 seconds. */
  clientBodyTimeoutSeconds: integer(1, 300, 'seconds').default(15),
  /** How long a client may stop reading a reply before the connection is closed. By default 60 seconds. */
  sendTimeoutSeconds: integer(1, 600, 'seconds').default(60),
  /** How long an idle connection is kept. By default 60 seconds. */
  keepaliveTimeoutSeconds: integer(0, 600, 'seconds').default(60),
  /**
   * How old a connection may become: its next request is the last. A certificate that expires is served on a kept
   * connection until then. By default 600 seconds.
   */
  keepaliveTimeSeconds: integer(1, 86_400, 'seconds').default(600),
  /** How many requests one connection may carry before it is closed. By default 1000. */
  keepaliveRequests: integer(1, 1_000_000, 'requests').default(1_000),
  /** How many HTTP/2 streams one connection may have open. By default 32. */
  http2MaxConcurrentStreams: integer(1, 256, 'streams').default(32),
  /** How long nginx waits for Ollama to accept a connection; then 504. By default 5 seconds. */
  proxyConnectTimeoutSeconds: integer(1, 75, 'seconds').default(5),
  /**
   * How long Ollama may be silent, before the first token and between two; then 504. LiveReview waits up to 10
   * minutes, so by default 600 seconds.
   */
  proxyReadTimeoutSeconds: integer(1, 3_600, 'seconds').default(600),
  /** How many worker processes nginx runs. By default one for each processor. */
  workerProcesses: z
    .union([oneOf(['auto']), integer(1, 64, 'processes')])
    .meta({ allowed: "'auto', or a whole number from 1 to 64", fix: "write 'auto' or a number" })
    .default('auto'),
  /** How many connections one worker may have open, clients and Ollama together. By default 4096. */
  workerConnections: integer(64, 65_536, 'connections').default(4_096),
  /**
   * How long the workers of an earlier configuration may finish their running streams after a reload. By default 600
   * seconds, the longest silence of a stream.
   */
  workerShutdownTimeoutSeconds: integer(1, 3_600, 'seconds').default(600),
  /**
   * How long they may when the change takes an identity away: its running streams end then, and with them those of
   * others that began before the change. By default 30 seconds.
   */
  revocationDrainSeconds: integer(0, 3_600, 'seconds').default(30),
});
