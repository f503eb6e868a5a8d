import { fail, finding, pass, unknown, type Check } from '../check.ts';

/** Whether the handshake contains a CertificateRequest. */
export const clientCertificateRequest: Check = {
  id: 'client-certificate-request',
  title: 'Asks for a client certificate',
  area: 'tls',
  needs: 'tls',
  run: ({ gateway, target }) => {
    const { handshake } = gateway;
    if (handshake === undefined) return unknown('no handshake succeeded');
    if (handshake.certificateRequested) return pass('CertificateRequest seen');
    const seen = `${handshake.protocol} handshake without a CertificateRequest`;
    return fail(seen, [finding('client-certificate-not-requested', seen, target.gatewayPort)]);
  },
};
