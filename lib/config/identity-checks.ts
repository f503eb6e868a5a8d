import { identityText } from '../messages/config-identities.ts';
import { pkiSection } from './sections/pki.ts';
import { revokedSection } from './sections/revoked.ts';
import { serviceSection } from './sections/services.ts';
import { isObject, valid, type CrossProblem } from './valid-value.ts';
import { healthService } from './values.ts';

/** The rules between the fields that say who holds keys, which CA issues and which generations are let in. */
export function identityChecks(stack: unknown): CrossProblem[] {
  const mode = valid(pkiSection.shape.mode, stack, ['pki', 'mode']);
  return [
    ...(mode === undefined ? [] : [...requests(stack, mode), ...authorities(stack, mode)]),
    ...overlaps(stack),
    ...revocations(stack),
  ];
}

type Mode = 'managed' | 'csr' | 'external';

function given(stack: unknown, ...path: readonly string[]): boolean {
  let value = stack;
  for (const key of path) value = isObject(value) ? value[key] : undefined;
  return value !== undefined;
}

function serviceNames(stack: unknown): string[] {
  const services = isObject(stack) ? stack['services'] : undefined;
  return isObject(services) ? Object.keys(services) : [];
}

function requests(stack: unknown, mode: Mode): CrossProblem[] {
  return serviceNames(stack).flatMap((name) => {
    const path = (field: string): string[] => ['services', name, field];
    const hasRequest = given(stack, ...path('csr'));
    const problems: CrossProblem[] = [];
    if (hasRequest !== (mode === 'csr')) {
      problems.push({ path: path('csr'), ...(hasRequest ? identityText.needlessCsr : identityText.noCsr) });
    }
    const overlap = valid(serviceSection.shape.overlap, stack, path('overlap'));
    if (given(stack, ...path('previousCsr')) && (mode !== 'csr' || overlap === false)) {
      problems.push({ path: path('previousCsr'), ...identityText.needlessPreviousCsr });
    }
    return problems;
  });
}

function overlaps(stack: unknown): CrossProblem[] {
  return serviceNames(stack)
    .filter((name) => {
      const { overlap, generation } = serviceSection.shape;
      return (
        valid(overlap, stack, ['services', name, 'overlap']) === true &&
        valid(generation, stack, ['services', name, 'generation']) === 1
      );
    })
    .map((name) => ({ path: ['services', name, 'overlap'], ...identityText.nothingBefore }));
}

function authorities(stack: unknown, mode: Mode): CrossProblem[] {
  const problems: CrossProblem[] = [];
  const isExternal = mode === 'external';
  if (given(stack, 'pki', 'directory') !== isExternal) {
    problems.push({
      path: ['pki', 'directory'],
      ...(isExternal ? identityText.noDirectory : identityText.needlessDirectory),
    });
  }
  for (const field of ['caGeneration', 'alsoTrustedCaGenerations']) {
    if (isExternal && given(stack, 'pki', field)) {
      problems.push({ path: ['pki', field], ...identityText.needlessCaGeneration });
    }
  }
  const { caGeneration, alsoTrustedCaGenerations, alsoTrustedDirectories, directory } = pkiSection.shape;
  const issuing = valid(caGeneration, stack, ['pki', 'caGeneration']);
  const others = valid(alsoTrustedCaGenerations, stack, ['pki', 'alsoTrustedCaGenerations']) ?? [];
  if (new Set([issuing, ...others]).size !== others.length + 1) {
    problems.push({ path: ['pki', 'alsoTrustedCaGenerations'], ...identityText.sameCaTwice });
  }
  const folders = valid(alsoTrustedDirectories, stack, ['pki', 'alsoTrustedDirectories']) ?? [];
  const own = valid(directory, stack, ['pki', 'directory']);
  if (new Set([own ?? '', ...folders]).size !== folders.length + 1) {
    problems.push({ path: ['pki', 'alsoTrustedDirectories'], ...identityText.sameCaTwice });
  }
  return problems;
}

function revocations(stack: unknown): CrossProblem[] {
  const entries = valid(revokedSection, stack, ['revoked']) ?? [];
  return entries.some(({ service }) => service === healthService)
    ? [{ path: ['revoked'], ...identityText.healthRevoked }]
    : [];
}
