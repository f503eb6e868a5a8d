import type { Rule } from '../rule.ts';
import { certificateLifetime } from './certificate-lifetime.ts';
import { clientCertificateAsServer } from './client-certificate-as-server.ts';
import { destroysDropletOrAuthority } from './destroys-droplet-or-authority.ts';
import { dropletWithoutFirewall } from './droplet-without-firewall.ts';
import { fileNotRead } from './file-not-read.ts';
import { firewallAfterDroplet } from './firewall-after-droplet.ts';
import { gatewayHostRewrite } from './gateway-host-rewrite.ts';
import { gatewayRouteOutsideClasses } from './gateway-route-outside-classes.ts';
import { gatewayWithoutAllowlist } from './gateway-without-allowlist.ts';
import { imageUnsupported } from './image-unsupported.ts';
import { leafThatSigns } from './leaf-that-signs.ts';
import { loadBalancerToModelPort } from './load-balancer-to-model-port.ts';
import { modelPortExposed } from './model-port-exposed.ts';
import { ollamaHostOpened } from './ollama-host-opened.ts';
import { replacesDropletOrAuthority } from './replaces-droplet-or-authority.ts';
import { resourceNotJudged } from './resource-not-judged.ts';
import { secretInConfiguration } from './secret-in-configuration.ts';
import { secretInOutput } from './secret-in-output.ts';
import { secretInProvisioner } from './secret-in-provisioner.ts';
import { secretInUserData } from './secret-in-user-data.ts';
import { sshConnectionWithoutHostKey } from './ssh-connection-without-host-key.ts';
import { sshOpenToWorld } from './ssh-open-to-world.ts';
import { undecidableValue } from './undecidable-value.ts';
import { unencryptedState } from './unencrypted-state.ts';
import { userDataDependsOnCertificate } from './user-data-depends-on-certificate.ts';
import { weakKey } from './weak-key.ts';
import { wideInboundRange } from './wide-inbound-range.ts';

/** Every rule, by its id. */
export const rules: readonly Rule[] = [
  certificateLifetime,
  clientCertificateAsServer,
  destroysDropletOrAuthority,
  dropletWithoutFirewall,
  fileNotRead,
  firewallAfterDroplet,
  gatewayHostRewrite,
  gatewayRouteOutsideClasses,
  gatewayWithoutAllowlist,
  imageUnsupported,
  leafThatSigns,
  loadBalancerToModelPort,
  modelPortExposed,
  ollamaHostOpened,
  replacesDropletOrAuthority,
  resourceNotJudged,
  secretInConfiguration,
  secretInOutput,
  secretInProvisioner,
  secretInUserData,
  sshConnectionWithoutHostKey,
  sshOpenToWorld,
  undecidableValue,
  unencryptedState,
  userDataDependsOnCertificate,
  weakKey,
  wideInboundRange,
];
