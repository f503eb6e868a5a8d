const short = (release: string): string => release.slice(0, 12);

/** What status finds, each with what to do. */
export const statusText = {
  interrupted: (release: string) =>
    `an activation of ${short(release)} did not end: apply again, or run hardening-release recover on the machine`,
  noRelease: 'no release is in force: apply the stack',
  otherRelease: (running: string, wanted: string) =>
    `release ${short(running)} is in force, and the last apply wanted ${short(wanted)}: apply again`,
  unhealthy: (problem: string) => `the machine is not healthy: ${problem}`,
  drift: (paths: readonly string[]) =>
    `changed on the machine: ${paths.join(', ')}: apply again with a changed release, or put them back`,
  refused: (identities: readonly string[]) =>
    `in the release and refused, since they were revoked before: ${identities.join(', ')}: raise their generation`,
  lastOutcome: (outcome: string, reason: string) =>
    `the last activation ended '${outcome}'${reason === '' ? '' : `: ${reason}`}`,
  well: 'All is well: the configured release is in force, unchanged and healthy.',
};
