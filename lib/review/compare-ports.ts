import { reviewText } from '../messages/review-changes.ts';
import { inboundRules } from '../model/infrastructure/firewall-rules.ts';
import { isWorld, parseNetwork, unionWithout, type Network } from '../config/networks.ts';
import type { Finding } from './change.ts';
import type { StackView } from './stack-view.ts';

interface OpenPort {
  readonly protocol: string;
  readonly port: number;
  readonly purpose: string;
  readonly isOwn: boolean;
  readonly sources: readonly string[];
}

/** Ports opened or closed, and who may reach them: by the addresses that networks have, not by how they are written. */
export function comparePorts(before: StackView, after: StackView): Finding[] {
  const [earlier, later] = [openPorts(before), openPorts(after)];
  return [...new Set([...earlier.keys(), ...later.keys()])].flatMap((key): Finding[] => {
    const [was, is] = [earlier.get(key), later.get(key)];
    if (is === undefined) return was ? [{ mark: 'narrows', text: reviewText.portClosed(was) }] : [];
    if (was === undefined)
      return [{ mark: 'widens', text: reviewText.portOpened(is, isWorld(networks(is.sources))) }];
    return [
      ...compareSources(was, is),
      ...(was.purpose === is.purpose
        ? []
        : [{ mark: 'neutral' as const, text: reviewText.portPurpose(was, is) }]),
    ];
  });
}

function openPorts({ stack }: StackView): Map<string, OpenPort> {
  const found = new Map<string, OpenPort>();
  const additional = new Set(stack.firewall.additionalInbound.map(({ reason }) => reason));
  for (const { protocol, port, purpose, sources } of inboundRules(stack)) {
    const key = `${protocol} ${port}`;
    const known = found.get(key);
    found.set(key, {
      protocol,
      port,
      purpose: known === undefined ? purpose : `${known.purpose}; ${purpose}`,
      isOwn: !additional.has(purpose) && known?.isOwn !== false,
      sources: [...(known?.sources ?? []), ...sources],
    });
  }
  return found;
}

function compareSources(was: OpenPort, is: OpenPort): Finding[] {
  const [earlier, later] = [networks(was.sources), networks(is.sources)];
  const gained = notWithin(is.sources, earlier);
  const lost = notWithin(was.sources, later);
  const isNowWorld = isWorld(later) && !isWorld(earlier);
  const same = [...was.sources].sort().join() === [...is.sources].sort().join();
  return [
    ...(gained.length > 0
      ? [{ mark: 'widens' as const, text: reviewText.sourcesGained(is, gained, isNowWorld) }]
      : []),
    ...(lost.length > 0 ? [{ mark: 'narrows' as const, text: reviewText.sourcesLost(is, lost) }] : []),
    ...(gained.length + lost.length === 0 && !same
      ? [{ mark: 'neutral' as const, text: reviewText.sourcesRewritten(is) }]
      : []),
  ];
}

/** Those networks of which `others` do not have every address. */
function notWithin(sources: readonly string[], others: readonly Network[]): string[] {
  return sources.filter((source) => unionWithout(networks([source]), others).length > 0);
}

function networks(sources: readonly string[]): Network[] {
  return sources.map((source) => parseNetwork(source)).filter((network) => network !== undefined);
}
