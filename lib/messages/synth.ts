/** Wording of the synthesis. */
export const synthText = {
  done: (stacks: readonly string[]) =>
    stacks.length === 0
      ? 'no stack has target.host or target.digitalocean: there is nothing to deploy\n'
      : stacks.map((stack) => `cdktf.out/stacks/${stack} is written\n`).join(''),
};
