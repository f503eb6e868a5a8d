import type { Touched } from './identities-plan.ts';
import type { Resources } from './identities-resources.ts';
import type { Wanted } from './identities-stack.ts';

/** A change of a configuration, and what becomes of it. */
export interface Change {
  /** As the test is named. */
  readonly name: string;
  readonly wanted: Wanted;
  /** What the plan touches beside the release, which every change replaces. */
  readonly touched: Partial<Touched>;
  /** Certificates, of all that there ever were, that are let in afterwards: see IdentityStack.issued. */
  readonly letIn: readonly string[];
  /** The generation of a CA that is no longer trusted: its certificates are not even looked for in a CRL. */
  readonly untrusted?: number;
  /** Whether the gateway reads its files anew. By default it does. */
  readonly reloads?: boolean;
  /** What the apply says. */
  readonly says?: RegExp;
}

const other = { generation: 1 };
const review = { generation: 1 };
/** The record that is made in between, and stays. */
const revoked = [{ service: 'review', generation: 1, date: '2026-11-25', reason: 'Its runner was stolen.' }];

/** The first configuration: one service whose identity changes, and one that no change may touch. */
export const beginning: Wanted = { services: { ci: { generation: 1 }, other } };

/** The second configuration. */
export function addition({ of }: Resources): Change {
  return {
    name: 'add: makes one certificate',
    wanted: { services: { ci: { generation: 1 }, other, review } },
    touched: { created: of('review', 1) },
    letIn: ['ci-1', 'other-1', 'review-1'],
  };
}

/** A certificate that ends soon. */
export function renewal({ certificatesOf }: Resources): Change {
  return {
    name: 'renew: replaces a certificate in the last third of its life; nothing is reloaded, and the earlier one is let in until its end',
    wanted: { services: { ci: { generation: 1 }, other, review } },
    touched: { replaced: certificatesOf('service-review-1') },
    letIn: ['ci-1', 'other-1', 'review-1', 'review-1 again'],
    reloads: false,
  };
}

/** Services move to other certificates and are cut off, one after another. */
export function changesOf({ of }: Resources): readonly Change[] {
  const review1 = ['review-1', 'review-1 again'];
  return [
    {
      name: 'rotate with an overlap: makes the next certificate, and both are let in',
      wanted: { services: { ci: { generation: 2, overlap: true }, other, review } },
      touched: { created: of('ci', 2) },
      letIn: ['ci-1', 'ci-2', 'other-1', ...review1],
    },
    {
      name: 'end of the overlap: drops the old certificate alone, which is 401',
      wanted: { services: { ci: { generation: 2 }, other, review } },
      touched: { destroyed: of('ci', 1) },
      letIn: ['ci-2', 'other-1', ...review1],
      says: /an identity is refused, certificates were revoked/,
    },
    {
      name: 'revoke by a generation without overlap: the old certificate is 401, the next one is let in',
      wanted: { services: { ci: { generation: 3 }, other, review } },
      touched: { created: of('ci', 3), destroyed: of('ci', 2) },
      letIn: ['ci-3', 'other-1', ...review1],
      says: /an identity is refused, certificates were revoked/,
    },
    {
      name: 'revoke by an entry of revoked: 401 for a service that is still in the configuration',
      wanted: { services: { ci: { generation: 3 }, other, review }, revoked },
      touched: { destroyed: of('review', 1) },
      letIn: ['ci-3', 'other-1'],
      says: /certificates were revoked/,
    },
    {
      name: 'next generation of a service with an entry in revoked: let in, the old one stays 401',
      wanted: { services: { ci: { generation: 3 }, other, review: { generation: 2 } }, revoked },
      touched: { created: of('review', 2) },
      letIn: ['ci-3', 'other-1', 'review-2'],
    },
    {
      name: 'revoke by removal: 401',
      wanted: { services: { other, review: { generation: 2 } }, revoked },
      touched: { destroyed: of('ci', 3) },
      letIn: ['other-1', 'review-2'],
      says: /an identity is refused, certificates were revoked/,
    },
  ];
}

/** The last configuration of {@link returnOf}. */
const settled: Wanted = {
  services: { ci: { generation: 4 }, other, review: { generation: 2 } },
  revoked,
};

/** After the removal, and a rollback to before it. */
export function returnUnderOldGeneration({ of }: Resources): Change {
  return {
    name: 'a removed service comes back under its old generation: 401 also with its new certificate, and the apply names the next one',
    wanted: { services: { ci: { generation: 3 }, other, review: { generation: 2 } }, revoked },
    touched: { created: of('ci', 3) },
    letIn: ['other-1', 'review-2'],
    says: /NOTE: ci with generation 3 is in this release and stays refused, it was revoked before: raise its generation to 4/,
  };
}

/** After that. */
export function returnOf({ of }: Resources): Change {
  return {
    name: 'a removed service comes back with the next generation: let in',
    wanted: settled,
    touched: { created: of('ci', 4), destroyed: of('ci', 3) },
    letIn: ['ci-4', 'other-1', 'review-2'],
  };
}

/** Another CA, as three changes. */
export function authorityChanges({ certificatesOf, ofAuthority }: Resources): readonly Change[] {
  const before = ['ci-4', 'other-1', 'review-2'];
  const again = before.map((name) => `${name} by CA 2`);
  const leaves = ['server', 'service-ci-4', 'service-health-1', 'service-other-1', 'service-review-2'];
  return [
    {
      name: 'CA rotation, first change: another CA is trusted, and nobody notices',
      wanted: { ...settled, authorities: [1, 2] },
      touched: { created: ofAuthority(2) },
      letIn: before,
    },
    {
      name: 'CA rotation, second change: every certificate is issued by it, those of before are let in as well',
      wanted: { ...settled, authorities: [2, 1] },
      touched: { replaced: certificatesOf(...leaves) },
      letIn: [...before, ...again],
    },
    {
      name: 'CA rotation, third change: the old CA goes, and everything that it issued is 401',
      wanted: { ...settled, authorities: [2] },
      touched: { destroyed: ofAuthority(1) },
      letIn: again,
      untrusted: 1,
      says: /a CA is no longer trusted/,
    },
  ];
}
