/** An independent linter. */
export type Linter =
  | 'nginx -t'
  | 'gixy-ng'
  | 'systemd-analyze verify'
  | 'systemd-analyze security'
  | 'nft -c'
  | 'sshd -t'
  | 'shellcheck'
  | 'cloud-init schema'
  | 'promtool'
  | 'checkov';

/** A finding that stays, and why. */
export interface Waiver {
  readonly linter: Linter;
  /** The linter's own name for what it looks for. */
  readonly rule: string;
  /** The file or the resource, or several; `*` is any text. */
  readonly where: string | readonly string[];
  /** Why that is safe. */
  readonly reason: string;
}

/** Every finding that stays. One that covers nothing fails the tests. */
export const waivers: readonly Waiver[] = [
  {
    linter: 'gixy-ng',
    rule: 'hsts_header',
    where: '*/etc/hardening/gateway/nginx.conf',
    reason:
      'HSTS speaks to browsers. The clients are programs that are given an https URL, and the plain port answers 401 to everything and redirects nothing.',
  },
  {
    linter: 'gixy-ng',
    rule: 'worker_rlimit_nofile_vs_connections',
    where: '*/nginx.conf',
    reason:
      'The units set LimitNOFILE to two files for each connection and 64 more. A container gets the limit of its engine, and nginx without privileges could not raise one.',
  },
  {
    linter: 'gixy-ng',
    rule: 'proxy_pass_normalized',
    where: '*/routes.conf',
    reason:
      'What is passed on was matched whole, after decoding, against letters, digits and punctuation without a slash and a percent sign, so that decoding again changes nothing (test/gateway/paths.test.ts).',
  },
  {
    linter: 'gixy-ng',
    rule: 'ssl_ecdh_curve',
    where: '*-on-debian-13/etc/hardening/gateway/tls.conf',
    reason:
      'The files of Debian 13 alone name the group, and a test holds that its OpenSSL is 3.5 and takes it. Elsewhere `nginx -t` refuses the files before anything changes.',
  },
  {
    linter: 'gixy-ng',
    rule: 'low_keepalive_requests',
    where: '*/limits.conf',
    reason:
      'The configuration of the test asks for 500, to have another value than the default, which is 1000.',
  },
  {
    linter: 'gixy-ng',
    rule: 'missing_resolver',
    where: 'loopback-of-host/*/routes.conf',
    reason:
      'The nginx of the distributions has no `resolve` in an upstream. The name is looked up at each start and reload, and an address that somebody else got fails the check of the certificate.',
  },
  {
    linter: 'systemd-analyze security',
    rule: 'RootDirectoryOrRootImage',
    where: '*',
    reason:
      'A root of its own would hold a copy of nginx, OpenSSL and libc that security updates of the distribution do not reach. ProtectSystem=strict leaves the one that there is read-only.',
  },
  {
    linter: 'systemd-analyze security',
    rule: 'PrivateMounts',
    where: '*',
    reason:
      'systemd 252 looks for the word alone, 257 does not mind: ProtectSystem and its like give each unit a mount namespace that leads nothing back to the host.',
  },
  {
    linter: 'systemd-analyze security',
    rule: 'DeviceAllow',
    where: '*: char-rtc:r',
    reason:
      'ProtectClock adds the clock, for reading, to a list that is otherwise closed; PrivateDevices has no node of it.',
  },
  {
    linter: 'systemd-analyze security',
    rule: 'DeviceAllow',
    where: [
      'full/hardening-ollama.service: char-rtc:r char-kfd:rw char-drm:rw char-nvidia-uvm:rw char-nvidia-frontend:rw char-nvidia-caps:rw char-nvidiactl:rw',
      'root/hardening-ollama.service: char-rtc:r char-kfd:rw char-drm:rw char-nvidia-uvm:rw char-nvidia-frontend:rw char-nvidia-caps:rw char-nvidiactl:rw',
    ],
    reason:
      'Only with the profile gpu: the cards of NVIDIA and AMD, which is what it is for, and no other device.',
  },
  {
    linter: 'systemd-analyze security',
    rule: 'RestrictAddressFamilies_AF_UNIX',
    where: [
      '*/hardening-gateway.service',
      '*/hardening-ollama.service',
      '*/hardening-ollama-proxy.service',
      '*/hardening-models.service',
      '*/hardening-nftables.service',
      '*/hardening-bootstrap-firewall.service',
      '*/hardening-forwarder-port.service',
      '*/hardening-forwarder.service',
    ],
    reason:
      'Unix sockets are how users and names are looked up, how the gateway reaches the proxy, and how the processes of one program speak to each other.',
  },
  {
    linter: 'systemd-analyze security',
    rule: 'RestrictAddressFamilies_AF_INET_INET6',
    where: [
      '*/hardening-gateway.service',
      '*/hardening-ollama.service',
      '*/hardening-ollama-proxy.service',
      '*/hardening-models.service',
      '*/hardening-forwarder.service',
    ],
    reason:
      'These carry HTTP, and have no other family of the network. Ollama and its proxy have no network but their own loopback where Ollama is isolated.',
  },
  {
    linter: 'systemd-analyze security',
    rule: 'RestrictAddressFamilies_AF_NETLINK',
    where: [
      '*/hardening-nftables.service',
      '*/hardening-bootstrap-firewall.service',
      '*/hardening-forwarder-port.service',
    ],
    reason: 'nft speaks to the kernel over netlink. The units that load rules have no family of the network.',
  },
  {
    linter: 'systemd-analyze security',
    rule: 'PrivateNetwork',
    where: [
      '*/hardening-gateway.service',
      '*/hardening-forwarder.service',
      '*/hardening-models.service',
      '*/hardening-nftables.service',
      '*/hardening-bootstrap-firewall.service',
      '*/hardening-forwarder-port.service',
      'full/hardening-ollama.service',
      'a-*/hardening-ollama.service',
    ],
    reason:
      "The gateway and a forwarder are reached over the network, models are fetched over it, and rules are loaded into the machine's own. Ollama has it only where the configuration says isolation: 'loopback'.",
  },
  {
    linter: 'systemd-analyze security',
    rule: 'PrivateUsers',
    where: [
      '*/hardening-gateway.service',
      '*/hardening-nftables.service',
      '*/hardening-bootstrap-firewall.service',
      '*/hardening-forwarder-port.service',
    ],
    reason:
      'A capability over the network counts in the user namespace of the machine alone: ports below 1024 for the gateway, rules for nft.',
  },
  {
    linter: 'systemd-analyze security',
    rule: 'IPAddressDeny',
    where: [
      '*/hardening-gateway.service',
      '*/hardening-forwarder.service',
      '*/hardening-models.service',
      '*/hardening-ollama.service',
      '*/hardening-ollama-proxy.service',
    ],
    reason:
      'Who reaches the gateway and where models come from is for the packet filter, by port, source and user. Ollama and its proxy are held to loopback, or isolated, unless the configuration has Ollama call out.',
  },
  {
    linter: 'systemd-analyze security',
    rule: 'AmbientCapabilities',
    where: '*/hardening-gateway.service',
    reason: 'CAP_NET_BIND_SERVICE and no other, for ports below 1024: nginx is never root for it.',
  },
  {
    linter: 'systemd-analyze security',
    rule: 'CapabilityBoundingSet_CAP_NET_BIND_SERVICE_BROADCAST_RAW)',
    where: '*/hardening-gateway.service',
    reason: 'CAP_NET_BIND_SERVICE alone of the three, for ports below 1024: nginx is never root for it.',
  },
  {
    linter: 'systemd-analyze security',
    rule: 'UserOrDynamicUser',
    where: [
      '*/hardening-nftables.service',
      '*/hardening-bootstrap-firewall.service',
      '*/hardening-forwarder-port.service',
    ],
    reason:
      'nft as another user would need CAP_NET_ADMIN as an ambient capability. As root it has CAP_NET_ADMIN alone, and cannot write to the file system.',
  },
  {
    linter: 'systemd-analyze security',
    rule: 'CapabilityBoundingSet_CAP_NET_ADMIN',
    where: [
      '*/hardening-nftables.service',
      '*/hardening-bootstrap-firewall.service',
      '*/hardening-forwarder-port.service',
    ],
    reason: 'Loading rules into the packet filter is what these units are for. It is their only capability.',
  },
  {
    linter: 'systemd-analyze security',
    rule: 'ProcSubset',
    where: '*/hardening-ollama.service',
    reason:
      'Ollama reads /proc/meminfo and the processors to decide what it can load. ProtectProc hides the processes of others.',
  },
  {
    linter: 'systemd-analyze security',
    rule: 'PrivateDevices',
    where: ['full/hardening-ollama.service', 'root/hardening-ollama.service'],
    reason:
      'Only with the profile gpu, which opens the cards of NVIDIA and AMD by name: DevicePolicy=closed keeps every other device shut.',
  },
  {
    linter: 'systemd-analyze security',
    rule: 'SupplementaryGroups',
    where: ['full/hardening-ollama.service', 'root/hardening-ollama.service'],
    reason: 'Only with the profile gpu: the nodes of the cards belong to the groups render and video.',
  },
  {
    linter: 'systemd-analyze security',
    rule: 'UMask',
    where: '*/hardening-gateway.service',
    reason:
      'Its group may read the logs (0640), as logrotate leaves them too; the folder is closed to everybody else.',
  },
  {
    linter: 'systemd-analyze security',
    rule: 'UMask',
    where: '*/hardening-certificates.service',
    reason:
      'What it writes is for the agent of a monitoring system, which has a user of its own: names and ends of certificates, nothing secret.',
  },
  {
    linter: 'systemd-analyze security',
    rule: 'UMask',
    where: '*/hardening-models.service',
    reason: "Models are public, and the store has the modes that Ollama's own installation gives it.",
  },
  {
    linter: 'shellcheck',
    rule: 'SC2043',
    where: '*: install.sh',
    reason:
      'The loop is over the users of the bundle. Where it was made for root alone, that is a list of one.',
  },
  {
    linter: 'checkov',
    rule: 'CKV_DIO_2',
    where: 'stacks/*/cdk.tf.json: resource.ollama_droplet_*',
    reason:
      "Keys of the account would let root in, and no reviewer sees them. The administrators' keys are in user_data and in the pull request; root's password is locked, and sshd takes keys alone.",
  },
];
