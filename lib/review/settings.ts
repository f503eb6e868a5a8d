import { isLoopback } from '../config/loopback.ts';
import {
  loopbackNetworks,
  parseNetwork,
  privateNetworks,
  unionWithout,
  type Network,
} from '../config/networks.ts';
import { splitAddressAndPort } from '../config/values.ts';
import type { Mark } from './change.ts';

/** A value of the configuration; undefined: it is not set. */
export type SettingValue = string | number | boolean | readonly unknown[] | undefined;

/** What a setting is, and what a change of it does. */
export interface Setting {
  readonly words: string;
  readonly judge: (was: SettingValue, is: SettingValue) => Mark;
}

const neutral = (): Mark => 'neutral';
/** More of it is more that somebody may do. One that is not set has no bound. */
const larger = (was: SettingValue, is: SettingValue): Mark =>
  (is === undefined ? Infinity : Number(is)) > (was === undefined ? Infinity : Number(was))
    ? 'widens'
    : 'narrows';
/** Widens where it becomes this value, narrows where it was. */
const open =
  (value: SettingValue) =>
  (was: SettingValue, is: SettingValue): Mark =>
    is === value ? 'widens' : was === value ? 'narrows' : 'neutral';
/** What a change of it does, the configuration does not tell. */
const mayWiden = (): Mark => 'mayWiden';

const setting = (words: string, judge: Setting['judge']): Setting => ({ words, judge });

/** What other files of this folder compare: their words say more than a value before and after. */
export const comparedElsewhere: readonly string[] = [
  'services',
  'revoked',
  'pki.mode',
  'pki.directory',
  'pki.caGeneration',
  'pki.alsoTrustedCaGenerations',
  'pki.alsoTrustedDirectories',
  'ollama.models',
  'ollama.nonLoopbackHostReason',
  'ollama.install.oldVersionReason',
  'ssh.adminKeys',
  'ssh.sources',
  'ssh.everywhereReason',
  'firewall.gatewaySources',
  'firewall.additionalInbound',
  'firewall.outboundUsers',
  'terraformState.unencryptedReason',
];

/** Every other field of a stack. A test holds that none is missing. */
export const settings: Readonly<Record<string, Setting>> = {
  'target.distribution': setting('the distribution; a droplet is replaced', neutral),
  'target.host.address': setting('the machine that releases and their keys go to', addressJudge),
  'target.host.port': setting('the port of its SSH server', neutral),
  'target.host.user': setting('the user that deploys', open('root')),
  'target.host.hostKey': setting('the host key that the machine must show', addressJudge),
  'target.digitalocean.region': setting('the region; the droplet is replaced', neutral),
  'target.digitalocean.size': setting('the size, and the price, of the droplet', neutral),
  'target.digitalocean.project': setting('the project', neutral),
  'target.digitalocean.reservedIp': setting('a reserved address', neutral),
  'target.digitalocean.monitoring': setting('the metrics agent, which may call out', open(true)),
  // An alert says that the machine is busy or full, and opens nothing.
  'target.digitalocean.alertEmails': setting('who gets alerts', neutral),
  'target.digitalocean.backups': setting('weekly backups at DigitalOcean', neutral),
  'target.digitalocean.modelsVolumeGiB': setting('the volume for models, in GiB', neutral),
  'target.digitalocean.apiEndpoint': setting('the API that gets the token', addressJudge),
  'gateway.serverNames': setting('the names that the gateway serves', neutral),
  'gateway.listenAddress': setting('the address that nginx listens on', listenJudge),
  'gateway.listenPort': setting('the port for TLS', neutral),
  'gateway.plainListenPort': setting('the port for plain HTTP', (was, is) =>
    was === false ? 'widens' : is === false ? 'narrows' : 'neutral',
  ),
  'gateway.clientMaxBodySizeKiB': setting('the largest request body, in KiB', larger),
  'gateway.largeClientHeaderBuffers.number': setting('buffers for request headers', larger),
  'gateway.largeClientHeaderBuffers.sizeKiB': setting('the longest header line, in KiB', larger),
  'gateway.clientHeaderTimeoutSeconds': setting('the time-out of handshake and headers, in seconds', larger),
  'gateway.clientBodyTimeoutSeconds': setting('how long a body may pause, in seconds', larger),
  'gateway.sendTimeoutSeconds': setting('how long a client may stop reading, in seconds', larger),
  'gateway.keepaliveTimeoutSeconds': setting('how long an idle connection is kept, in seconds', larger),
  'gateway.keepaliveTimeSeconds': setting(
    'how long a certificate that ended is served on a connection, in seconds',
    larger,
  ),
  'gateway.keepaliveRequests': setting('requests of one connection', larger),
  'gateway.http2MaxConcurrentStreams': setting('HTTP/2 streams of one connection', larger),
  'gateway.proxyConnectTimeoutSeconds': setting('how long nginx waits for Ollama, in seconds', larger),
  'gateway.proxyReadTimeoutSeconds': setting('how long Ollama may be silent, in seconds', larger),
  'gateway.workerProcesses': setting('worker processes of nginx', neutral),
  'gateway.workerConnections': setting('connections of one worker', larger),
  'gateway.workerShutdownTimeoutSeconds': setting(
    'how long streams of an earlier configuration go on, in seconds',
    larger,
  ),
  'gateway.revocationDrainSeconds': setting(
    'how long streams of a revoked identity go on, in seconds',
    larger,
  ),
  'limits.perAddress.requestsPerSecond': setting('inference requests a second of one address', larger),
  'limits.perAddress.burst': setting('burst of one address', larger),
  'limits.perIdentity.requestsPerSecond': setting(
    'requests a second of a service without its own rate',
    neutral,
  ),
  'limits.perIdentity.burst': setting('burst of a service without its own rate', neutral),
  'limits.perIdentity.concurrentStreams': setting('concurrent streams of a service without its own', neutral),
  'pki.caLifetimeDays': setting('how long the CA is valid, in days', larger),
  'pki.serverCertificateLifetimeDays': setting(
    "how long the gateway's certificate is valid, in days",
    larger,
  ),
  'pki.expiryNoticeDays': setting('from how many days before its end a certificate is announced', neutral),
  'ollama.host': setting('where Ollama listens', (was, is) => open(true)(isBeyond(was), isBeyond(is))),
  'ollama.numParallel': setting('requests that one model works on at a time', neutral),
  'ollama.maxQueue': setting('requests that wait for Ollama', neutral),
  'ollama.keepAlive': setting('how long a model stays loaded', neutral),
  'ollama.contextLength': setting('the context, in tokens', neutral),
  'ollama.noCloud': setting('no prompt goes to ollama.com', open(false)),
  'ollama.isolation': setting('what keeps Ollama apart', open('loopback')),
  'ollama.profile': setting('graphics cards are open to Ollama', open('gpu')),
  'ollama.memoryMaxMiB': setting('the memory of Ollama, in MiB', larger),
  'ollama.tasksMax': setting('threads and processes of Ollama', larger),
  'ollama.install.version': setting("Ollama's version", versionJudge),
  'ollama.install.sha256': setting(
    "the checksum of Ollama's archive, to be compared with the release's sha256sum.txt",
    (was, is) => (was === undefined || is === undefined ? 'neutral' : 'mayWiden'),
  ),
  'ollama.install.url': setting("where Ollama's archive comes from; its checksum is pinned", neutral),
  'log.accessLogBufferKiB': setting('lines of the log that a crash can lose, in KiB', neutral),
  'log.accessLogFlushSeconds': setting('lines of the log that a crash can lose, in seconds', neutral),
  // Fewer logs hide what was done, and let nobody do more: both numbers are there to be read.
  'log.maxSizeMiB': setting('the size of a log, in MiB', neutral),
  'log.rotateCount': setting('older logs that are kept', neutral),
  // It gets sudo: the name of a user that a service runs as would hand root to whoever breaks into that service.
  'ssh.adminUser': setting("the administrators' user, who has sudo", mayWiden),
  // Whoever holds the state holds every key in it. Region and bucket together are the place.
  'terraformState.spaces.region': setting("the region of the state's bucket, keys included", mayWiden),
  'terraformState.spaces.bucket': setting('the bucket of the state, keys included', stateJudge),
  'terraformState.encryptedByOpenTofu': setting('OpenTofu encrypts the state', open(false)),
};

/** Another place that gets what is secret. */
function addressJudge(_was: SettingValue, is: SettingValue): Mark {
  return is === undefined ? 'narrows' : 'widens';
}

/**
 * By the addresses themselves, however they are written. An unspecified one is every address of its family, also of IPv6
 * alone: nginx opens `[::]` for IPv6 only (its `ipv6only`). Which networks another specific address is in, the
 * configuration does not tell.
 */
function listenJudge(was: SettingValue, is: SettingValue): Mark {
  const [earlier, later] = [parseNetwork(String(was)), parseNetwork(String(is))];
  if (earlier === undefined || later === undefined) return 'mayWiden';
  if (earlier.family === later.family && earlier.first === later.first) return 'neutral';
  if (later.first === 0n) return 'widens';
  if (isWithin(later, loopbackNetworks)) return isWithin(earlier, loopbackNetworks) ? 'neutral' : 'narrows';
  if (earlier.first === 0n) return earlier.family === later.family ? 'narrows' : 'mayWiden';
  if (isWithin(earlier, loopbackNetworks)) return 'widens';
  return isWithin(earlier, privateNetworks) && !isWithin(later, privateNetworks) ? 'widens' : 'mayWiden';
}

function isWithin(network: Network, networks: readonly Network[]): boolean {
  return unionWithout([network], networks).length === 0;
}

function isBeyond(host: SettingValue): boolean {
  return !isLoopback(splitAddressAndPort(String(host))?.address ?? '');
}

/** A first bucket may be a better place than a file, and may be somebody else's. */
function stateJudge(was: SettingValue): Mark {
  return was === undefined ? 'mayWiden' : 'widens';
}

/** An older release has holes that the newer one has not; without one the machine's own is kept, whatever it is. */
function versionJudge(was: SettingValue, is: SettingValue): Mark {
  if (is === undefined) return 'widens';
  if (was === undefined) return 'narrows';
  const [earlier, later] = [String(was).split('.').map(Number), String(is).split('.').map(Number)];
  const index = later.findIndex((part, at) => part !== earlier[at]);
  return (later[index] ?? 0) < (earlier[index] ?? 0) ? 'widens' : 'neutral';
}
