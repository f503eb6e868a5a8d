import type { StackInput } from './test-gateway.ts';

/** The least that a stack needs. */
export const minimalStack: StackInput = {
  gateway: { serverNames: ['models.example.com'] },
  services: {},
};

/** A stack that sets every field to another value than its default. */
export const fullStack: StackInput = {
  target: {
    distribution: 'debian-13',
    digitalocean: {
      region: 'fra1',
      size: 's-4vcpu-8gb',
      project: 'Code review',
      reservedIp: true,
      monitoring: true,
      alertEmails: ['ops@example.com'],
      backups: true,
      modelsVolumeGiB: 100,
    },
  },
  ssh: {
    adminUser: 'operator',
    adminKeys: { alice: `ssh-ed25519 ${'A'.repeat(68)}` },
    sources: ['192.0.2.0/24', '2001:db8::/32'],
  },
  firewall: {
    gatewaySources: ['198.51.100.0/24', '2001:db8:1::/48'],
    additionalInbound: [
      { port: 9_100, sources: ['192.0.2.5/32'], reason: "The metrics of the machine's node exporter." },
      {
        port: 51_820,
        protocol: 'udp',
        sources: ['0.0.0.0/0', '::/0'],
        reason: 'A tunnel of the team: it is silent.',
      },
    ],
    outboundUsers: ['backup', '_relay'],
  },
  terraformState: { spaces: { region: 'fra1', bucket: 'state-of-reviews' } },
  gateway: {
    serverNames: ['models.example.com', 'xn--mnchen-3ya.example'],
    listenAddress: '0.0.0.0',
    listenPort: 443,
    plainListenPort: 80,
    clientMaxBodySizeKiB: 4_096,
    largeClientHeaderBuffers: { number: 2, sizeKiB: 16 },
    clientHeaderTimeoutSeconds: 5,
    clientBodyTimeoutSeconds: 7,
    sendTimeoutSeconds: 30,
    keepaliveTimeoutSeconds: 20,
    keepaliveTimeSeconds: 300,
    keepaliveRequests: 500,
    http2MaxConcurrentStreams: 16,
    proxyConnectTimeoutSeconds: 3,
    proxyReadTimeoutSeconds: 900,
    workerProcesses: 2,
    workerConnections: 1_024,
    workerShutdownTimeoutSeconds: 120,
  },
  services: {
    ci: { generation: 3, rate: { requestsPerSecond: 2, burst: 20 }, concurrentStreams: 2 },
    dashboard: { routes: ['GET /api/version', 'GET /v1/models/:model'] },
    'live-review': { routes: ['read', 'inference'], certificateLifetimeDays: 30 },
  },
  limits: {
    perAddress: { requestsPerSecond: 50, burst: 100 },
    perIdentity: { requestsPerSecond: 10, burst: 15, concurrentStreams: 6 },
  },
  pki: { caLifetimeDays: 1_000, serverCertificateLifetimeDays: 60 },
  ollama: {
    host: '127.0.0.1:11435',
    numParallel: 4,
    maxQueue: 64,
    keepAlive: '30m',
    contextLength: 32_768,
    noCloud: false,
    isolation: 'loopback',
    profile: 'gpu',
    memoryMaxMiB: 32_768,
    tasksMax: 4_096,
    install: {
      version: '0.31.2',
      sha256: '0123456789abcdef'.repeat(4),
      url: 'https://mirror.example/ollama.tar.zst',
    },
    models: [{ name: 'qwen2.5-coder:7b', digest: `sha256:${'0123456789abcdef'.repeat(4)}` }],
  },
  log: { accessLogBufferKiB: 64, accessLogFlushSeconds: 2, maxSizeMiB: 20, rotateCount: 7 },
};

const longestName = `a${'-0'.repeat(19)}z`;

/** Every value at the edge of what is accepted: longest names, largest numbers, IPv6, punctuation where it is allowed. */
export const hostileStack: StackInput = {
  target: { distribution: 'debian-12' },
  gateway: {
    serverNames: ['a', `${'x'.repeat(63)}.${'y'.repeat(63)}.${'z'.repeat(63)}.${'w'.repeat(61)}`, '1.2.3.4x'],
    listenAddress: '::',
    listenPort: 65_535,
    plainListenPort: false,
    clientMaxBodySizeKiB: 262_144,
    workerProcesses: 64,
  },
  services: {
    [longestName]: { generation: 2_147_483_647, certificateLifetimeDays: 398 },
    a: { routes: ['HEAD /api/blobs/:digest', 'GET /', 'read', 'read'] },
    ca: { generation: 1 },
    default: { rate: { requestsPerSecond: 10_000, burst: 1 }, concurrentStreams: 1_000 },
    include: { routes: ['inference'] },
    none: {},
    server: {},
    volatile: {},
  },
  ollama: {
    host: '[::]:1',
    isolation: 'loopback',
    nonLoopbackHostReason: 'Test: "quoted" \'text\'; $HOME {braces} \\ # % and more, on one line.',
    keepAlive: '-1',
    models: [{ name: 'hf.co/some-one/A.b_c-d:Q4_K_M' }],
  },
  log: { accessLogBufferKiB: 0 },
};

/** The longest stack name. */
export const hostileStackName = longestName;
