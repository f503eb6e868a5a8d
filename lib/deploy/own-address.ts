import { createSocket } from 'node:dgram';
import { BlockList, isIP } from 'node:net';

/**
 * The address that this computer has on its way to another: what a packet filter there sees, unless a router on the
 * way translates it. Sends nothing: connecting a UDP socket asks the routing table only (connect(2)).
 *
 * @returns undefined for a name that does not resolve, and where there is no way
 */
export async function ownAddressTowards(address: string): Promise<string | undefined> {
  const socket = createSocket(isIP(address) === 6 ? 'udp6' : 'udp4');
  try {
    return await new Promise((settle) => {
      socket.once('error', () => settle(undefined));
      // Node calls this too where the name does not resolve, with the error.
      socket.connect(9, address, ((error?: Error) =>
        settle(error === undefined ? socket.address().address : undefined)) as () => void);
    });
  } finally {
    socket.close();
  }
}

/** Whether an address is in one of the networks, each `ADDRESS/BITS`. */
export function isWithin(address: string, networks: readonly string[]): boolean {
  const list = new BlockList();
  for (const network of networks) {
    const [base = '', bits = ''] = network.split('/');
    // A list takes IPv4 addresses for IPv6 ones too, and ::/0 would have them all.
    if (family(base) === family(address)) list.addSubnet(base, Number(bits), family(base));
  }
  return list.check(address, family(address));
}

const family = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4');
