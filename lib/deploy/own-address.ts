import { createSocket } from 'node:dgram';
import { BlockList, isIP } from 'node:net';
import { networksOfFamily } from '../config/values.ts';

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
  const family = isIP(address) === 6 ? 6 : 4;
  const list = new BlockList();
  // A list takes IPv4 addresses for IPv6 ones too, and ::/0 would have them all.
  for (const network of networksOfFamily(family, networks)) {
    const [base = '', bits = ''] = network.split('/');
    list.addSubnet(base, Number(bits), `ipv${family}`);
  }
  return list.check(address, `ipv${family}`);
}
