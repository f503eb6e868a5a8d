/** Wording of what is wrong between the fields of a deployment. */
export const deployText = {
  twoTargets: {
    problem: 'a second target beside target.host',
    allowed: 'one of target.host and target.digitalocean, or neither',
    fix: 'remove one of them, or make two stacks',
  },
  alertsWithoutMonitoring: {
    problem: 'alerts need the metrics agent, which is off',
    allowed: 'addresses only with target.digitalocean.monitoring',
    fix: 'turn monitoring on, or remove the addresses',
  },
  sshEverywhere: {
    problem: 'SSH would be reachable from more than a /8 of IPv4 or a /16 of IPv6 in all',
    allowed: 'networks of your own; the world, or so much of it, only with ssh.everywhereReason',
    fix: 'name the networks of the administrators, or write down in everywhereReason why it is acceptable',
  },
  needlessSshReason: {
    problem: 'acknowledges a risk that is not taken',
    allowed:
      'nothing while ssh.sources, private networks aside, are at most a /8 of IPv4 and a /16 of IPv6 in all',
    fix: 'remove everywhereReason',
  },
  nobodyMayDeploy: {
    problem: 'nobody could reach SSH, so no release would get there',
    allowed: 'at least one network, the one that deployments come from among them',
    fix: "write for example ['192.0.2.10/32']",
  },
  noAdminKey: {
    problem: 'nobody could log in to the droplet',
    allowed: 'at least one public key for target.digitalocean',
    fix: "write for example { alice: 'ssh-ed25519 AAAA…' }",
  },
  unencryptedState: {
    problem: 'the state holds every private key, and nothing encrypts it',
    allowed: 'terraformState.spaces, terraformState.encryptedByOpenTofu, or terraformState.unencryptedReason',
    fix: 'choose one of them for a stack that is deployed',
  },
  needlessStateReason: {
    problem: 'acknowledges a risk that is not taken',
    allowed: 'nothing while the state is encrypted or the stack is not deployed',
    fix: 'remove unencryptedReason',
  },
  namespaceNeedsLoopback: {
    problem: 'a namespace has nothing but loopback to listen on',
    allowed: "'loopback' while ollama.host is beyond loopback",
    fix: "remove ollama.host, or set isolation to 'loopback'",
  },
  cloudNeedsRoute: {
    problem: 'a namespace has no route to ollama.com',
    allowed: "true, or false with isolation 'loopback'",
    fix: "remove ollama.noCloud, or set isolation to 'loopback'",
  },
  oldOllama: (oldest: string) => ({
    problem: `older than ${oldest}, with known holes`,
    allowed: `${oldest} or later; an older one only with ollama.install.oldVersionReason`,
    fix: 'install a later release, or write down in oldVersionReason why it is acceptable',
  }),
  needlessVersionReason: {
    problem: 'acknowledges a risk that is not taken',
    allowed: 'nothing while ollama.install.version is safe',
    fix: 'remove oldVersionReason',
  },
  reservedService: {
    problem: 'the name of the health check',
    allowed: "any other service name; 'health' is the identity that the machine checks itself with",
    fix: 'rename the service',
  },
};
