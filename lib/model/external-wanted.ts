import type { ExternalWanted } from '../pki/external.ts';
import type { Deployment } from './deployment.ts';

/** What a stack needs of the folder of `hardening pki`: the health identity lives as long as the server's certificate. */
export function externalWanted({ stack, certificates, health }: Deployment): ExternalWanted {
  const { server, clients } = certificates;
  return {
    stack,
    server,
    clients,
    health: {
      identity: { stack, service: health.name, generation: health.generation },
      lifetimeDays: server.lifetimeDays,
    },
  };
}
