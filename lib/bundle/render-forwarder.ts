import { fileURLToPath } from 'node:url';
import { loadTemplates, type Templates } from '../render/templates.ts';
import type { Forwarder, ForwarderPlace } from './forwarder.ts';

const templatesDirectory = fileURLToPath(new URL('../../templates-forwarder', import.meta.url));

/** The kit's own templates of a forwarder, laid out as a bundle. */
export function forwarderTemplates(): Templates {
  return loadTemplates(templatesDirectory);
}

/** Files that only one of the two ways to listen has. */
const onlyForLoopback = [
  'host/hardening-forwarder.nft',
  'host/hardening-forwarder-port.nft',
  'host/hardening-forwarder-port.service',
  'host/load-nftables',
  'host/nftables.conf',
];

/**
 * Prints a forwarder's files by their path in a version of the bundle: nginx's are there twice, for a host and for a
 * container. Pure.
 *
 * @throws RangeError where a value cannot stand in its file
 */
export function renderForwarder(
  forwarder: Forwarder,
  templates: Templates = forwarderTemplates(),
): Map<string, string> {
  const files = new Map<string, string>();
  const context = (place: ForwarderPlace): object => ({ ...forwarder, ...place });
  for (const [path, print] of templates) {
    if (path.startsWith('nginx/')) {
      for (const place of [forwarder.host, forwarder.compose])
        files.set(path.replace('nginx', place.nginxFolder), print(context(place)));
    } else if (!forwarder.host.isSocket || !onlyForLoopback.includes(path)) {
      files.set(path, print(context(path === 'compose.yaml' ? forwarder.compose : forwarder.host)));
    }
  }
  return files;
}
