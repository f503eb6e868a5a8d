import { createPrivateKey, X509Certificate } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import leven from 'leven';
import { findingTexts } from '../messages/probe-findings.ts';
import { probeErrors } from '../messages/probe.ts';
import type { Identity, Target } from './target.ts';
import type { ProbeOptions } from './types.ts';

/** The defaults of a probe. */
export const probeDefaults = {
  gatewayPort: 443,
  plainPort: 80,
  timeoutMs: 2_500,
  deadlineMs: 9_000,
} as const;

const dnsName =
  /^(?=.{1,253}$)[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*\.?$/;
// Ollama's names: registry, namespace, model and tag (types/model/name.go), which is also safe in a report.
const modelName = /^[A-Za-z0-9._:/-]{1,200}$/;

function checkPort(option: string, value: number): number {
  if (!Number.isInteger(value) || value < 1 || value > 65535)
    throw probeErrors.badPort(option, String(value));
  return value;
}

function checkName(option: string, value: string): string {
  if (isIP(value) === 0 && !dnsName.test(value)) throw probeErrors.badName(option, value);
  return value;
}

function readText(option: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'error';
    throw probeErrors.unreadableFile(option, path, code);
  }
}

function readCertificate(
  option: string,
  path: string,
): { readonly pem: string; readonly certificate: X509Certificate } {
  const pem = readText(option, path);
  try {
    return { pem, certificate: new X509Certificate(pem) };
  } catch {
    throw probeErrors.notCertificate(option, path);
  }
}

function readIdentity(options: ProbeOptions): Identity | undefined {
  const { cert, key } = options;
  if (cert === undefined && key === undefined) return undefined;
  if (key === undefined) throw probeErrors.halfIdentity('--cert');
  if (cert === undefined) throw probeErrors.halfIdentity('--key');
  const { pem, certificate } = readCertificate('--cert', cert);
  const keyPem = readText('--key', key);
  let matches: boolean;
  try {
    matches = certificate.checkPrivateKey(createPrivateKey(keyPem));
  } catch {
    throw probeErrors.notKey(key);
  }
  if (!matches) throw probeErrors.keyMismatch(cert, key);
  return { cert: pem, key: keyPem };
}

function checkAcknowledged(acknowledged: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  for (const [id, reason] of Object.entries(acknowledged)) {
    if (!Object.hasOwn(findingTexts, id)) {
      const ids = Object.keys(findingTexts);
      const nearest =
        ids.find((known) => known.startsWith(id)) ??
        ids.reduce((best, known) => (leven(id, known) < leven(id, best) ? known : best));
      throw probeErrors.unknownFinding(id, nearest);
    }
    if (reason.trim() === '') throw probeErrors.badAcknowledgement(`${id}=`);
  }
  return acknowledged;
}

/**
 * Fills in the defaults, reads the files and resolves the name.
 * @throws UserError for a value that cannot be used, a file that cannot be read, or a name without an address.
 */
export async function resolveOptions(options: ProbeOptions): Promise<Target> {
  const host = checkName('HOST', options.host);
  const serverName = checkName('--server-name', options.serverName ?? host);
  const gatewayPort = checkPort('--port', options.gatewayPort ?? probeDefaults.gatewayPort);
  const plainPort =
    options.plainPort === null
      ? null
      : checkPort('--plain-port', options.plainPort ?? probeDefaults.plainPort);
  if (gatewayPort === plainPort) throw probeErrors.samePorts(gatewayPort);
  const timeoutMs = options.timeoutMs ?? probeDefaults.timeoutMs;
  const deadlineMs = options.deadlineMs ?? probeDefaults.deadlineMs;
  const ca = options.ca === undefined ? undefined : readCertificate('--ca', options.ca).pem;
  const identity = readIdentity(options);
  const { model, key } = options;
  if (model !== undefined && identity === undefined) throw probeErrors.modelWithoutIdentity();
  if (model !== undefined && !modelName.test(model)) throw probeErrors.badModel(model);
  const acknowledged = checkAcknowledged(options.acknowledged ?? {});
  const addresses = await resolveHost(host, deadlineMs);
  return {
    host,
    address: addresses[0] ?? host,
    otherAddresses: addresses.slice(1),
    serverName,
    gatewayPort,
    plainPort,
    onlyGateway: options.onlyGateway ?? false,
    timeoutMs,
    deadlineMs,
    acknowledged,
    ...(ca === undefined ? {} : { ca }),
    ...(identity === undefined ? {} : { identity }),
    ...(key === undefined ? {} : { keyFile: key }),
    ...(model === undefined ? {} : { model }),
  };
}

async function resolveHost(host: string, timeoutMs: number): Promise<string[]> {
  if (isIP(host) !== 0) return [host];
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(probeErrors.unknownHost(host, 'no answer in time')), timeoutMs);
  });
  try {
    const found = await Promise.race([lookup(host, { all: true }), late]);
    return [...new Set(found.map((entry) => entry.address))];
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw code === undefined ? error : probeErrors.unknownHost(host, code);
  } finally {
    clearTimeout(timer);
  }
}
