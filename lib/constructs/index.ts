/** The constructs, for use in a cdktf app of your own. `stacks/` is such an app. */
export { parseConfig } from '../config/parse.ts';
export { readExternalPki, readTrustedAuthority } from '../pki/external.ts';
export { checkRequest, requireDistinctKeys } from '../pki/request.ts';
export { CertificateAuthority, type CertificateAuthorityProps } from './certificate-authority.ts';
export { GatewayFirewall, type GatewayFirewallProps } from './gateway-firewall.ts';
export { HardenedDroplet, type HardenedDropletProps, type HostKeyPair } from './hardened-droplet.ts';
export { HardenedOllama, type HardenedOllamaProps } from './hardened-ollama.ts';
export { HostRemoval, type HostRemovalProps } from './host-removal.ts';
export { acknowledge, failOnPolicy, policyFindings, type AcknowledgeProps } from './policy.ts';
export { noPublicParts, type PublicParts } from './public-parts.ts';
export { Release, type ReleaseCertificates, type ReleaseProps } from './release.ts';
export { ServerCertificate, type ServerCertificateProps } from './server-certificate.ts';
export { ServiceCertificate, type ServiceCertificateProps } from './service-certificate.ts';
export type { StackCertificates } from './stack-certificates.ts';
