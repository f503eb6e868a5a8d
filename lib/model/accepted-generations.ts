import type { StackConfig } from '../config/schema.ts';

type Service = StackConfig['services'][string];

/**
 * The generations of a service whose certificates are let in, in rising order: its own, the one before with `overlap`,
 * none of them where they are revoked.
 */
export function acceptedGenerations(
  name: string,
  service: Service,
  revoked: StackConfig['revoked'],
): number[] {
  const { generation, overlap } = service;
  const refusedUpTo = Math.max(
    0,
    ...revoked.filter((entry) => entry.service === name).map((entry) => entry.generation ?? Infinity),
  );
  return (overlap ? [generation - 1, generation] : [generation]).filter((one) => one > refusedUpTo);
}
