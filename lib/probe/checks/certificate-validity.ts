import { fail, finding, pass, unknown, type Check } from '../check.ts';

const dayMs = 24 * 60 * 60 * 1000;
/** A certificate that ends within this many days is a finding. */
export const soonDays = 14;

/** Whether the server certificate is within its dates and stays so for two weeks. */
export const certificateValidity: Check = {
  id: 'certificate-validity',
  title: 'Certificate within its dates',
  area: 'tls',
  needs: 'tls',
  run: ({ gateway, target }) => {
    const certificate = gateway.handshake?.certificate;
    if (certificate === undefined) return unknown('no certificate was seen');
    const from = new Date(certificate.validFrom);
    const to = new Date(certificate.validTo);
    const days = Math.floor((to.getTime() - Date.now()) / dayMs);
    const day = (date: Date): string => date.toISOString().slice(0, 10);
    const port = target.gatewayPort;
    if (to.getTime() < Date.now()) {
      const seen = `ended on ${day(to)}`;
      return fail(seen, [finding('certificate-expired', seen, port)]);
    }
    if (from.getTime() > Date.now()) {
      const seen = `begins on ${day(from)}`;
      return fail(seen, [finding('certificate-not-yet-valid', seen, port)]);
    }
    const seen = `${day(from)} to ${day(to)}, ${days} days left`;
    return days < soonDays ? fail(seen, [finding('certificate-ends-soon', seen, port)]) : pass(seen);
  },
};
