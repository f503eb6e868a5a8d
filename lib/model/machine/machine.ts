import type { StackConfig } from '../../config/schema.ts';
import { certificateReport, type CertificateReport } from './certificate-report.ts';
import { firewall, type Firewall } from './firewall.ts';
import { models, type Model } from './models.ts';
import { modelsVolumeName } from './models-volume.ts';
import { ollamaUnit, type OllamaUnit } from './ollama-unit.ts';
import { administratorsFile, sshServer, type SshServer } from './ssh-server.ts';
import { timeServers } from './time-servers.ts';
import { socketProxy, type SocketProxy } from './socket-proxy.ts';

const pullModels = 'usr/local/lib/hardening/pull-models';

/** What runs on the machine beside the gateway, and what guards it. */
export interface Machine {
  readonly ollama: OllamaUnit;
  /** Undefined where Ollama is reached over loopback. */
  readonly socketProxy: SocketProxy | undefined;
  readonly firewall: Firewall;
  readonly sshServer: SshServer;
  readonly certificateReport: CertificateReport;
  /** What is fetched into Ollama's store. */
  readonly models: readonly Model[];
  /** The name of DigitalOcean's volume that the store is on; undefined where it is on the machine's own disk. */
  readonly modelsVolume: string | undefined;
  /** Whom systemd-timesyncd asks for the time where it is told of nobody else. */
  readonly timeServers: readonly string[];
}

/**
 * Decides what a stack's machine gets. Pure.
 *
 * @param name the stack's name
 */
export function resolveMachine(name: string, stack: StackConfig): Machine {
  return {
    ollama: ollamaUnit(stack.ollama),
    socketProxy: socketProxy(stack),
    firewall: firewall(stack),
    sshServer: sshServer(stack),
    certificateReport: certificateReport(stack),
    models: models(stack.ollama),
    modelsVolume:
      stack.target.digitalocean?.modelsVolumeGiB === undefined ? undefined : modelsVolumeName(name),
    timeServers: timeServers[stack.target.distribution],
  };
}

/** The files that a machine does not get, relative to its root: what they are for is not configured. */
export function absentFiles({ socketProxy, sshServer, models, modelsVolume }: Machine): readonly string[] {
  const units = 'etc/systemd/system';
  return [
    ...(socketProxy === undefined
      ? [`${units}/hardening-ollama-proxy.service`, `${units}/hardening-ollama-proxy.socket`]
      : []),
    ...(sshServer.administrators === undefined ? [administratorsFile] : []),
    ...(models.length === 0 ? [`${units}/hardening-models.service`, pullModels] : []),
    // The name of a mount unit is that of its folder: systemd.mount(5).
    ...(modelsVolume === undefined ? [`${units}/usr-share-ollama-.ollama-models.mount`] : []),
  ];
}

/** The files that are programs, relative to the machine's root. */
export const programFiles: readonly string[] = [
  'usr/local/lib/hardening/load-nftables',
  'usr/local/lib/hardening/report-certificates',
  pullModels,
];
