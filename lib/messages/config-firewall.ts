/** Wording of what is wrong with further ports and users of the packet filter. */
export const firewallText = {
  ollamaPort: {
    problem: "Ollama's port would be open beside the gateway",
    allowed: 'any port but 11434 and the one of ollama.host',
    fix: 'remove the entry; clients reach Ollama through the gateway',
  },
  openAlready: (field: string) => ({
    problem: `open already, by ${field}`,
    allowed: 'a port that nothing else in the configuration opens',
    fix: 'name the networks there, and remove this entry',
  }),
  ownUser: {
    problem: 'a user whose way out the kit decides',
    allowed: 'a user of another service of the machine',
    fix: 'remove it',
  },
};
