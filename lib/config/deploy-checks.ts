import { deployText } from '../messages/config-deploy.ts';
import { isLoopback } from './loopback.ts';
import { isWorld, parseNetwork } from './networks.ts';
import { ollamaSection } from './sections/ollama.ts';
import { sshSection } from './sections/ssh.ts';
import { targetSection } from './sections/target.ts';
import { terraformStateSection } from './sections/terraform-state.ts';
import { isObject, valid, type CrossProblem } from './valid-value.ts';
import { healthService, splitAddressAndPort } from './values.ts';

/** The first release of Ollama without the holes known when this was written: CVE-2026-86289 is fixed in it. */
export const oldestSafeOllama = '0.31.2';

/** The rules between the fields that say where a stack is deployed to and how. */
export function deployChecks(stack: unknown): CrossProblem[] {
  return [
    ...reservedName(stack),
    ...targets(stack),
    ...ssh(stack),
    ...terraformState(stack),
    ...ollama(stack),
  ];
}

function given(stack: unknown, section: string, field: string): boolean {
  return isObject(stack) && isObject(stack[section]) && stack[section][field] !== undefined;
}

function isDeployed(stack: unknown): boolean {
  return given(stack, 'target', 'host') || given(stack, 'target', 'digitalocean');
}

function reservedName(stack: unknown): CrossProblem[] {
  return given(stack, 'services', healthService)
    ? [{ path: ['services', healthService], ...deployText.reservedService }]
    : [];
}

function targets(stack: unknown): CrossProblem[] {
  const problems: CrossProblem[] = [];
  if (given(stack, 'target', 'host') && given(stack, 'target', 'digitalocean')) {
    problems.push({ path: ['target', 'digitalocean'], ...deployText.twoTargets });
  }
  const droplet = valid(targetSection.shape.digitalocean, stack, ['target', 'digitalocean']);
  if (droplet !== undefined && droplet.alertEmails.length > 0 && !droplet.monitoring) {
    problems.push({ path: ['target', 'digitalocean', 'alertEmails'], ...deployText.alertsWithoutMonitoring });
  }
  return problems;
}

function ssh(stack: unknown): CrossProblem[] {
  const problems: CrossProblem[] = [];
  const sources = valid(sshSection.shape.sources, stack, ['ssh', 'sources']);
  if (sources === undefined) return [];
  const reasonGiven = given(stack, 'ssh', 'everywhereReason');
  if (isWorld(sources.flatMap((source) => parseNetwork(source) ?? [])) !== reasonGiven) {
    problems.push(
      reasonGiven
        ? { path: ['ssh', 'everywhereReason'], ...deployText.needlessSshReason }
        : { path: ['ssh', 'sources'], ...deployText.sshEverywhere },
    );
  }
  if (isDeployed(stack) && sources.length === 0) {
    problems.push({ path: ['ssh', 'sources'], ...deployText.nobodyMayDeploy });
  }
  const keys = valid(sshSection.shape.adminKeys, stack, ['ssh', 'adminKeys']);
  if (given(stack, 'target', 'digitalocean') && keys !== undefined && Object.keys(keys).length === 0) {
    problems.push({ path: ['ssh', 'adminKeys'], ...deployText.noAdminKey });
  }
  return problems;
}

function terraformState(stack: unknown): CrossProblem[] {
  const section = valid(terraformStateSection.prefault({}), stack, ['terraformState']);
  if (section === undefined) return [];
  const isEncrypted = section.spaces !== undefined || section.encryptedByOpenTofu;
  if (section.unencryptedReason !== undefined && (isEncrypted || !isDeployed(stack))) {
    return [{ path: ['terraformState', 'unencryptedReason'], ...deployText.needlessStateReason }];
  }
  return isDeployed(stack) && !isEncrypted && section.unencryptedReason === undefined
    ? [{ path: ['terraformState'], ...deployText.unencryptedState }]
    : [];
}

function ollama(stack: unknown): CrossProblem[] {
  const problems: CrossProblem[] = [];
  const host = valid(ollamaSection.shape.host, stack, ['ollama', 'host']);
  const isolation = valid(ollamaSection.shape.isolation, stack, ['ollama', 'isolation']);
  const address = host === undefined ? undefined : splitAddressAndPort(host)?.address;
  // Without a reason such an address is refused already.
  const isAcknowledged = given(stack, 'ollama', 'nonLoopbackHostReason');
  if (isolation === 'namespace' && address !== undefined && !isLoopback(address) && isAcknowledged) {
    problems.push({ path: ['ollama', 'isolation'], ...deployText.namespaceNeedsLoopback });
  }
  if (
    isolation === 'namespace' &&
    valid(ollamaSection.shape.noCloud, stack, ['ollama', 'noCloud']) === false
  ) {
    problems.push({ path: ['ollama', 'noCloud'], ...deployText.cloudNeedsRoute });
  }
  const install = valid(ollamaSection.shape.install, stack, ['ollama', 'install']);
  if (install !== undefined) {
    const isOld = compareVersions(install.version, oldestSafeOllama) < 0;
    if (isOld !== (install.oldVersionReason !== undefined)) {
      problems.push(
        isOld
          ? { path: ['ollama', 'install', 'version'], ...deployText.oldOllama(oldestSafeOllama) }
          : { path: ['ollama', 'install', 'oldVersionReason'], ...deployText.needlessVersionReason },
      );
    }
  }
  return problems;
}

function compareVersions(left: string, right: string): number {
  const [a, b] = [left, right].map((version) => version.split('.').map(Number));
  const differs = a?.findIndex((part, index) => part !== b?.[index]) ?? -1;
  return differs === -1 ? 0 : (a?.[differs] ?? 0) - (b?.[differs] ?? 0);
}
