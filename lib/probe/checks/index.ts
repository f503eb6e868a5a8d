import type { Check } from '../check.ts';
import { certificateChain } from './certificate-chain.ts';
import { certificateName } from './certificate-name.ts';
import { certificateValidity } from './certificate-validity.ts';
import { clientCertificateRequest } from './client-certificate-request.ts';
import { clientKeyFile } from './client-key-file.ts';
import { errorPages } from './error-pages.ts';
import { forbiddenRoutes } from './forbidden-routes.ts';
import { foreignCertificate } from './foreign-certificate.ts';
import { foreignHost } from './foreign-host.ts';
import { hostRewrite } from './host-rewrite.ts';
import { identityAccepted } from './identity-accepted.ts';
import { keyExchange } from './key-exchange.ts';
import { noCertificate } from './no-certificate.ts';
import { openOllama } from './open-ollama.ts';
import { openPorts } from './open-ports.ts';
import { plainPort } from './plain-port.ts';
import { rateLimit } from './rate-limit.ts';
import { sessionResumption } from './session-resumption.ts';
import { stream } from './stream.ts';
import { tlsVersionsCheck } from './tls-versions.ts';

/**
 * Every check, in the order of the report. A phase begins when the one before has ended: the checks of a phase run side by
 * side, and the last ones would disturb the others, the burst of the rate limit most of all.
 */
export const checkPhases: readonly (readonly Check[])[] = [
  [
    openOllama,
    openPorts,
    noCertificate,
    foreignCertificate,
    foreignHost,
    clientCertificateRequest,
    plainPort,
    errorPages,
    tlsVersionsCheck,
    keyExchange,
    certificateValidity,
    certificateName,
    certificateChain,
    sessionResumption,
  ],
  [clientKeyFile, identityAccepted, hostRewrite, forbiddenRoutes],
  [stream],
  [rateLimit],
];

export const checks: readonly Check[] = checkPhases.flat();
