import type { StackConfig } from '../config/schema.ts';
import { healthService, splitAddressAndPort } from '../config/values.ts';
import { distinguishedName } from '../pki/identity.ts';
import type { WantedPki } from '../pki/inventory.ts';
import type { Deployment, HealthIdentity, OllamaEnvironment, Service } from './deployment.ts';
import { acceptedGenerations } from './accepted-generations.ts';
import { authorityCommonName } from './authority-name.ts';
import { distinctLimitSets, limitSetOf } from './limit-sets.ts';
import { absentFiles, programFiles, resolveMachine } from './machine/machine.ts';
import { mapHash } from './map-hash.ts';
import { machinePlacement, type Placement } from './placement.ts';
import { distributionPlatforms, hasHttp2Directive, keyExchangeGroups, type Platform } from './platform.ts';
import { gatewayRoutes, grantOf, readBodySizeKiB } from './routes.ts';

/** The names under which the machine itself reaches the gateway, for health checks and the sandbox. */
const loopbackNames = { dns: 'localhost', ip: '127.0.0.1' };

/**
 * Makes every decision about a stack. Pure: the same arguments give an equal result.
 *
 * @param name the stack's name
 * @param stack its checked configuration
 * @param placement where the gateway runs; by default on the machine, as the configuration says
 * @param platform the nginx and OpenSSL there; by default those of the target distribution
 */
export function resolve(
  name: string,
  stack: StackConfig,
  placement: Placement = machinePlacement(stack),
  platform: Platform = distributionPlatforms[stack.target.distribution],
): Deployment {
  const services = resolveServices(name, stack);
  const machine = resolveMachine(name, stack);
  const {
    serverNames,
    listenAddress,
    listenPort,
    plainListenPort,
    workerProcesses,
    revocationDrainSeconds: _drain,
    ...limits
  } = stack.gateway;
  return {
    stack: name,
    gateway: {
      ...placement,
      servedNames: [...new Set([...serverNames, loopbackNames.dns, loopbackNames.ip])],
      tls: {
        http2Directive: hasHttp2Directive(platform),
        http2OnListen: !hasHttp2Directive(platform),
        keyExchangeGroups: keyExchangeGroups(platform),
      },
      routes: gatewayRoutes,
      readBodySizeKiB: readBodySizeKiB(limits.clientMaxBodySizeKiB),
      limitSets: distinctLimitSets(services),
      perAddress: stack.limits.perAddress,
      mapHash: mapHash(services.flatMap(({ identities }) => identities).length + 1),
      limits,
      openFiles: 2 * limits.workerConnections + 64,
    },
    services,
    revoked: stack.revoked.map(({ generation, ...entry }) => ({ ...entry, generation })),
    health: healthIdentity(name, stack),
    ollama: ollamaEnvironment(stack),
    certificates: certificatePlan(name, stack),
    machine,
    absentFiles: absentFiles(machine),
    programFiles,
    log: { ...stack.log, isBuffered: stack.log.accessLogBufferKiB > 0 },
  };
}

function resolveServices(stack: string, { services, limits, revoked }: StackConfig): Service[] {
  return Object.entries(services)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, service]) => ({
      name,
      identities: acceptedGenerations(name, service, revoked).map((generation) => ({
        generation,
        distinguishedName: distinguishedName({ stack, service: name, generation }),
      })),
      grants: [...new Set(service.routes.map(grantOf))].sort(),
      limitSet: limitSetOf(service, limits),
    }))
    .filter(({ identities }) => identities.length > 0);
}

function healthIdentity(stack: string, { gateway }: StackConfig): HealthIdentity {
  const identity = { stack, service: healthService, generation: 1 };
  const isAnyAddress = /^[0.:]+$/.test(gateway.listenAddress);
  return {
    name: identity.service,
    generation: identity.generation,
    distinguishedName: distinguishedName(identity),
    grants: [grantOf('GET /api/version')],
    sources: [...new Set(['127.0.0.1', '::1', ...(isAnyAddress ? [] : [gateway.listenAddress])])],
  };
}

function ollamaEnvironment({ ollama }: StackConfig): OllamaEnvironment {
  const port = splitAddressAndPort(ollama.host)?.port ?? 0;
  const variables = [
    { name: 'OLLAMA_HOST', value: ollama.host },
    { name: 'OLLAMA_NUM_PARALLEL', value: String(ollama.numParallel) },
    { name: 'OLLAMA_MAX_QUEUE', value: String(ollama.maxQueue) },
    { name: 'OLLAMA_KEEP_ALIVE', value: ollama.keepAlive },
    ...(ollama.contextLength === undefined
      ? []
      : [{ name: 'OLLAMA_CONTEXT_LENGTH', value: String(ollama.contextLength) }]),
    { name: 'OLLAMA_NO_CLOUD', value: ollama.noCloud ? '1' : '0' },
  ];
  return { variables, hostHeader: `localhost:${port}` };
}

function certificatePlan(stack: string, { gateway, pki, services, revoked }: StackConfig): WantedPki {
  return {
    stack,
    ca: { commonName: authorityCommonName(stack, pki.caGeneration), lifetimeDays: pki.caLifetimeDays },
    server: {
      serverNames: [...new Set([...gateway.serverNames, loopbackNames.dns])],
      addresses: [loopbackNames.ip],
      lifetimeDays: pki.serverCertificateLifetimeDays,
    },
    clients: Object.entries(services).flatMap(([service, settings]) =>
      acceptedGenerations(service, settings, revoked).map((generation) => ({
        identity: { stack, service, generation },
        lifetimeDays: settings.certificateLifetimeDays,
      })),
    ),
  };
}
