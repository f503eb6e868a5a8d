import type { StackConfig } from '../../config/schema.ts';
import { firewall, type Firewall } from './firewall.ts';
import { ollamaUnit, type OllamaUnit } from './ollama-unit.ts';
import { administratorsFile, sshServer, type SshServer } from './ssh-server.ts';
import { socketProxy, type SocketProxy } from './socket-proxy.ts';

/** What runs on the machine beside the gateway, and what guards it. */
export interface Machine {
  readonly ollama: OllamaUnit;
  /** Undefined where Ollama is reached over loopback. */
  readonly socketProxy: SocketProxy | undefined;
  readonly firewall: Firewall;
  readonly sshServer: SshServer;
}

/** Decides what a stack's machine gets. Pure. */
export function resolveMachine(stack: StackConfig): Machine {
  return {
    ollama: ollamaUnit(stack.ollama),
    socketProxy: socketProxy(stack),
    firewall: firewall(stack),
    sshServer: sshServer(stack),
  };
}

/** The files that a machine does not get, relative to its root: what they are for is not configured. */
export function absentFiles({ socketProxy, sshServer }: Machine): readonly string[] {
  const units = 'etc/systemd/system';
  return [
    ...(socketProxy === undefined
      ? [`${units}/hardening-ollama-proxy.service`, `${units}/hardening-ollama-proxy.socket`]
      : []),
    ...(sshServer.administrators === undefined ? [administratorsFile] : []),
  ];
}

/** The files that are programs, relative to the machine's root. */
export const programFiles: readonly string[] = ['usr/local/lib/hardening/load-nftables'];
