/** Something that a program started by the gateway's unit must not be able to do. */
export interface Trial {
  readonly name: string;
  /** For `sh`, run as the unit's user in its sandbox; ends with 0 where it could do it. */
  readonly command: string;
}

/** mmap's number: asm/unistd.h of the architectures that Debian's machines have here. */
const mmap = { x64: 9, arm64: 222 }[process.arch as 'x64' | 'arm64'];

/** Perl's function, which is in every Debian; -1 is refused. */
const perl = (expression: string): string => `perl -e 'exit((${expression}) ? 0 : 1)'`;

export const trials: readonly Trial[] = [
  // MemoryDenyWriteExecute: PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS.
  {
    name: 'map memory that can be written and run',
    command: perl(`syscall(${mmap}, 0, 4096, 7, 0x22, -1, 0) != -1`),
  },
  // RestrictAddressFamilies: AF_NETLINK, AF_PACKET.
  { name: 'open a netlink socket', command: perl('socket(my $s, 16, 3, 0)') },
  { name: 'open a packet socket', command: perl('socket(my $s, 17, 3, 0)') },
  { name: 'make a namespace', command: 'unshare --user true' },
  { name: 'become root', command: perl('$> = 0, $> == 0') },
  { name: 'write to /etc', command: 'touch /etc/hardening/gateway/other.conf' },
  { name: 'write to /var/lib', command: 'touch /var/lib/other' },
  { name: "see root's processes", command: 'test -d /proc/1' },
  { name: 'see a home', command: 'test -e /home/someone' },
  { name: 'see the devices of the machine', command: 'test -e /dev/trial' },
];
