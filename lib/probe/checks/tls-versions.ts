import { fail, finding, pass, unknown, type Check } from '../check.ts';
import { tlsVersions, type TlsVersion } from '../client-hello.ts';
import { isReply } from '../http.ts';
import { alertName, unrecognizedName } from '../server-answer.ts';
import { describeOutcome } from '../scan.ts';
import type { FindingSeed } from '../types.ts';

/** Which TLS versions are accepted, each asked for alone by a ClientHello of our own: Node's OpenSSL may refuse old ones. */
export const tlsVersionsCheck: Check = {
  id: 'tls-versions',
  title: 'TLS 1.3 and nothing older',
  area: 'tls',
  needs: 'gateway',
  run: async (context) => {
    const port = context.target.gatewayPort;
    const names = Object.keys(tlsVersions) as TlsVersion[];
    const answers = await Promise.all(names.map((version) => context.hello({ version })));
    const accepted = new Set<TlsVersion>();
    const untold: string[] = [];
    answers.forEach((answer, index) => {
      const name = names[index] as TlsVersion;
      if (answer.kind === 'hello') {
        if (answer.version !== undefined) accepted.add(answer.version);
      } else if (answer.kind === 'alert') {
        if (answer.description === unrecognizedName) untold.push(`${name}: ${alertName(answer.description)}`);
      } else if (answer.kind !== 'closed') {
        untold.push(`${name}: ${answer.kind === 'not-tls' ? 'not TLS' : 'no answer in time'}`);
      }
    });
    if (accepted.size === 0) {
      const { plain } = context.gateway;
      if (plain !== undefined && isReply(plain) && answers.every((answer) => answer.kind !== 'alert')) {
        const seen = `HTTP in clear: ${describeOutcome(plain)}`;
        return fail(seen, [finding('gateway-without-tls', seen, port)]);
      }
      return unknown(untold.length > 0 ? untold.join('; ') : 'no version was accepted');
    }
    const seen = `accepted: ${names.filter((name) => accepted.has(name)).join(', ')}`;
    const findings: FindingSeed[] = [];
    if (accepted.has('TLS 1.0') || accepted.has('TLS 1.1'))
      findings.push(finding('tls-1.0-or-1.1', seen, port));
    if (accepted.has('TLS 1.2')) findings.push(finding('tls-1.2', seen, port));
    if (untold.length === 0 && !accepted.has('TLS 1.3')) findings.push(finding('no-tls-1.3', seen, port));
    if (findings.length > 0) return fail(seen, findings);
    return untold.length > 0 ? unknown(`${seen}; ${untold.join('; ')}`) : pass(seen);
  },
};
