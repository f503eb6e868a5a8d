import { isIP } from 'node:net';

/** Whether an address is of 127.0.0.0/8 (RFC 1122) or ::1 (RFC 4291). */
export function isLoopback(address: string): boolean {
  if (isIP(address) === 4) return address.startsWith('127.');
  return /^(?:0{1,4}:){7}0{0,3}1$|^::(?:0{0,3})1$/.test(address);
}
