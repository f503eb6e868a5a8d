import { createHash } from 'node:crypto';
import { reviewText } from '../messages/review-changes.ts';
import type { Finding } from './change.ts';
import type { StackView } from './stack-view.ts';

/** Administrators' keys, by name and fingerprint, and users of the machine that may call out. */
export function comparePeople(before: StackView, after: StackView): Finding[] {
  const [earlier, later] = [before.stack.ssh.adminKeys, after.stack.ssh.adminKeys];
  const names = [...new Set([...Object.keys(earlier), ...Object.keys(later)])].sort();
  return [
    ...names.flatMap((name) => compareKey(name, earlier[name], later[name])),
    ...compareUsers(before.stack.firewall.outboundUsers, after.stack.firewall.outboundUsers),
  ];
}

function compareKey(name: string, was: string | undefined, is: string | undefined): Finding[] {
  if (was === is) return [];
  if (is === undefined)
    return was ? [{ mark: 'narrows', text: reviewText.adminRemoved(name, fingerprint(was)) }] : [];
  return was === undefined
    ? [{ mark: 'widens', text: reviewText.adminAdded(name, fingerprint(is)) }]
    : [{ mark: 'widens', text: reviewText.adminReplaced(name, fingerprint(was), fingerprint(is)) }];
}

/** As `ssh-keygen -l` prints it. */
export function fingerprint(key: string): string {
  const body = Buffer.from(key.split(' ')[1] ?? '', 'base64');
  return `SHA256:${createHash('sha256').update(body).digest('base64').replace(/=+$/, '')}`;
}

function compareUsers(was: readonly string[], is: readonly string[]): Finding[] {
  const gained = is.filter((user) => !was.includes(user));
  const lost = was.filter((user) => !is.includes(user));
  return [
    ...(gained.length > 0 ? [{ mark: 'widens' as const, text: reviewText.outboundGained(gained) }] : []),
    ...(lost.length > 0 ? [{ mark: 'narrows' as const, text: reviewText.outboundLost(lost) }] : []),
  ];
}
