import { createHash } from 'node:crypto';
import { reviewText } from '../messages/review-changes.ts';
import type { Finding } from './change.ts';
import type { StackView } from './stack-view.ts';

/** Who holds keys, best first: with each step down more of them are in terraform's state. */
const modes = ['external', 'csr', 'managed'] as const;

/** Who holds keys, and which CAs the gateway trusts: that of a folder by what its certificate is. */
export function compareAuthorities(before: StackView, after: StackView): Finding[] {
  const [was, is] = [before.stack.pki.mode, after.stack.pki.mode];
  const [earlier, later] = [authorities(before), authorities(after)];
  const gained = [...later].filter(([key]) => !earlier.has(key)).map(([, words]) => words);
  const lost = [...earlier].filter(([key]) => !later.has(key)).map(([, words]) => words);
  const [issuedBy, issuesNow] = [[...earlier.keys()][0], [...later.keys()][0]];
  return [
    ...(was === is
      ? []
      : [
          {
            mark: modes.indexOf(is) > modes.indexOf(was) ? ('widens' as const) : ('narrows' as const),
            text: reviewText.keysHeld(was, is),
          },
        ]),
    ...(gained.length > 0 ? [{ mark: 'widens' as const, text: reviewText.authoritiesGained(gained) }] : []),
    ...(lost.length > 0 ? [{ mark: 'narrows' as const, text: reviewText.authoritiesLost(lost) }] : []),
    ...(issuedBy !== issuesNow && issuesNow !== undefined
      ? [{ mark: 'neutral' as const, text: reviewText.authorityIssues(later.get(issuesNow) ?? '') }]
      : []),
  ];
}

/** The CAs that the gateway trusts, that which issues first: what tells one from another, and what it is called. */
function authorities({ stack, read }: StackView): Map<string, string> {
  const { mode, directory, caGeneration, alsoTrustedCaGenerations, alsoTrustedDirectories } = stack.pki;
  const generation = (number: number): [string, string] => [
    `generation ${number}`,
    reviewText.generationOfAuthority(number),
  ];
  const folder = (path: string): [string, string] => {
    const certificate = read(`${path}/certs/ca.crt`);
    const digest = certificate && createHash('sha256').update(certificate.trim()).digest('hex').slice(0, 16);
    return [`folder ${digest ?? path}`, reviewText.folderOfAuthority(path, digest)];
  };
  return new Map([
    ...(mode === 'external'
      ? directory === undefined
        ? []
        : [folder(directory)]
      : [generation(caGeneration)]),
    ...(mode === 'external' ? [] : alsoTrustedCaGenerations.map(generation)),
    ...alsoTrustedDirectories.map(folder),
  ]);
}
