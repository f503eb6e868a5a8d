import { checkovVersion } from './support/checkov.ts';
import type { Linter } from './waivers.ts';

/** What docs/linters.md says of a linter. */
export interface LinterDescription {
  readonly linter: Linter;
  /** On Debian 12 and Debian 13, where it comes from the distribution that is judged. */
  readonly version: string;
  readonly reads: string;
  readonly test: string;
}

const machine = 'test/linters/machine.test.ts';

/** Every linter, in the order of the table. */
export const linters: readonly LinterDescription[] = [
  {
    linter: 'nginx -t',
    version: '1.22.1 and 1.26.3',
    reads: "the gateway's files; a forwarder's, for a host and for a container; a warning counts",
    test: machine,
  },
  {
    linter: 'gixy-ng',
    version: '0.2.59',
    reads: "the same, Ubuntu's and a sandbox's too, at every level",
    test: 'test/linters/gixy.test.ts',
  },
  {
    linter: 'systemd-analyze verify',
    version: '252 and 257',
    reads: 'all units, sockets, timers, mounts and drop-ins, of a first boot and of a forwarder too',
    test: machine,
  },
  {
    linter: 'systemd-analyze security',
    version: '252 and 257',
    reads: 'all services that are rendered, every line that is not as locked in as it could be',
    test: machine,
  },
  {
    linter: 'nft -c',
    version: '1.0.6 and 1.1.3',
    reads: "the machine's table, that of a first boot, a forwarder's",
    test: machine,
  },
  {
    linter: 'sshd -t',
    version: '9.2p1 and 10.0p1',
    reads: "the machine's settings and those of a first boot, within the distribution's",
    test: machine,
  },
  {
    linter: 'cloud-init schema',
    version: '22.4.2 and 25.1.4',
    reads: 'user_data',
    test: machine,
  },
  {
    linter: 'shellcheck',
    version: '0.9.0',
    reads:
      'rendered programs, install.sh, what is in units, logrotate, user_data, provisioners and CI files, at every level',
    test: 'test/linters/shellcheck.test.ts',
  },
  {
    linter: 'promtool',
    version: '2.42.0',
    reads: "the file for Prometheus that the machine's report writes (`check metrics`); there are no rules",
    test: 'test/linters/promtool.test.ts',
  },
  {
    linter: 'checkov',
    version: checkovVersion,
    reads: 'synthesized stacks, the CI files of a new project; all that is rendered, for secrets',
    test: 'test/linters/checkov.test.ts',
  },
];
