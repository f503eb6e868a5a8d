import { fail, finding, pass, skipped, unknown, type Check } from '../check.ts';

/** Whether the server certificate leads to the CA that was given. */
export const certificateChain: Check = {
  id: 'certificate-chain',
  title: 'Certificate of the given CA',
  area: 'tls',
  needs: 'tls',
  run: ({ gateway, target }) => {
    const { handshake } = gateway;
    if (handshake === undefined) return unknown('no handshake succeeded');
    const port = target.gatewayPort;
    const error = handshake.chainError;
    if (target.ca === undefined) {
      const issuer = handshake.certificate?.issuer.split('\n').join(', ') ?? 'unknown';
      const seen = `issued by ${issuer}`;
      if (error === undefined) return pass(`${seen}, which Node's own list of CAs knows`);
      return { ...skipped('no --ca given'), findings: [finding('certificate-issuer', seen, port)] };
    }
    if (error === undefined) return pass('verified');
    // OpenSSL reports the last error alone, and dates come last: they hide a broken chain.
    if (error === 'CERT_HAS_EXPIRED' || error === 'CERT_NOT_YET_VALID') {
      return unknown(`its dates (${error}) hide the verdict on the chain`);
    }
    return fail(error, [finding('certificate-chain-broken', error, port)]);
  },
};
