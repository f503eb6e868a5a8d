import { checkServerIdentity } from 'node:tls';
import { fail, finding, pass, unknown, type Check } from '../check.ts';

/** Whether the server certificate is for the name that clients use. */
export const certificateName: Check = {
  id: 'certificate-name',
  title: 'Certificate for this name',
  area: 'tls',
  needs: 'tls',
  run: ({ gateway, target }) => {
    const handshake = gateway.handshake;
    if (handshake?.certificate === undefined) return unknown('no certificate was seen');
    const names = handshake.certificate.subjectAltName ?? 'no subjectAltName';
    if (checkServerIdentity(target.serverName, handshake.peer) === undefined) {
      return pass(`${target.serverName} is in: ${names}`);
    }
    const seen = `${target.serverName} is not in: ${names}`;
    return fail(seen, [finding('certificate-wrong-name', seen, target.gatewayPort)]);
  },
};
