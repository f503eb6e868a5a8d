/** Wording of the synthesis. */
export const synthText = {
  done: (stacks: readonly string[]) =>
    stacks.length === 0
      ? 'no stack has target.host or target.digitalocean: there is nothing to deploy\n'
      : stacks.map((stack) => `cdktf.out/stacks/${stack} is written\n`).join(''),
  noCustomerKey: (stacks: readonly string[]) =>
    `warning: AWS_SSE_CUSTOMER_KEY is not set, and the state of ${stacks.join(', ')} is to be encrypted with it: ` +
    'terraform does not look, and would write a first state without it; docs/operations.md\n',
};
