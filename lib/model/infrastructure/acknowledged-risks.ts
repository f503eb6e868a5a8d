import type { StackConfig } from '../../config/schema.ts';
import type { AcknowledgedRisk } from './infrastructure.ts';

/** The firewall of a droplet: the address that the construct ids give it. */
const firewallAddress = 'digitalocean_firewall.ollama_firewall_D1D64901';
/** Where OLLAMA_HOST stands. */
const ollamaUnit = '/etc/systemd/system/hardening-ollama.service';

/**
 * The reasons that a configuration gives, as acknowledgements of the findings that they are for: a risk is explained in
 * one place. Of a CA in a folder the state has no key, so that there is nothing to find.
 */
export function acknowledgedRisks({
  ssh,
  terraformState,
  pki,
  ollama,
  target,
}: StackConfig): AcknowledgedRisk[] {
  const risks: readonly (readonly [rule: string, resource: string, reason: string | undefined])[] = [
    [
      'unencrypted-state',
      'terraform',
      pki.mode === 'external' ? undefined : terraformState.unencryptedReason,
    ],
    [
      'ssh-open-to-world',
      firewallAddress,
      target.digitalocean === undefined ? undefined : ssh.everywhereReason,
    ],
    ['ollama-host-opened', ollamaUnit, ollama.nonLoopbackHostReason],
  ];
  return risks.flatMap(([rule, resource, reason]) =>
    reason === undefined ? [] : [{ rule, resource, reason }],
  );
}
