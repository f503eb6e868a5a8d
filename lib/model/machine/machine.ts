import type { StackConfig } from '../../config/schema.ts';
import { ollamaUnit, type OllamaUnit } from './ollama-unit.ts';
import { socketProxy, type SocketProxy } from './socket-proxy.ts';

/** What runs on the machine beside the gateway, and what guards it. */
export interface Machine {
  readonly ollama: OllamaUnit;
  /** Undefined where Ollama is reached over loopback. */
  readonly socketProxy: SocketProxy | undefined;
}

/** Decides what a stack's machine gets. Pure. */
export function resolveMachine(stack: StackConfig): Machine {
  return { ollama: ollamaUnit(stack.ollama), socketProxy: socketProxy(stack) };
}

/** The files that a machine does not get, relative to its root: what they are for is not configured. */
export function absentFiles(machine: Machine): readonly string[] {
  const units = 'etc/systemd/system';
  return machine.socketProxy === undefined
    ? [`${units}/hardening-ollama-proxy.service`, `${units}/hardening-ollama-proxy.socket`]
    : [];
}
