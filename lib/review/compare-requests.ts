import { reviewText } from '../messages/review-changes.ts';
import { keyHash } from '../pki/issue-index.ts';
import { checkRequest } from '../pki/request.ts';
import type { Mark } from './change.ts';
import type { StackView } from './stack-view.ts';

/** Something that is said of a service, so that services of which the same is said share a line. */
export interface Said {
  readonly mark: Mark;
  readonly words: string;
}

/** A request that a configuration names. */
interface HandedIn {
  readonly text: string;
  /** SHA-256 of the key's SubjectPublicKeyInfo in hex; undefined for what is no request for this identity. */
  readonly key: string | undefined;
}

/**
 * Whose keys a service's certificates are made for. Who holds the key has the identity, so that another key is for a
 * person to judge, whether it is handed in for the first time, for another generation, or under the name of before.
 */
export function compareRequests(name: string, before: StackView, after: StackView): Said[] {
  const letIn = generationsOf(name, before).map((generation) => requestOf(name, before, generation));
  const were = [...new Set(letIn.map(reviewText.keyBefore))];
  const generations = new Set([before, after].flatMap(({ stack }) => generationPair(stack.services[name])));
  return [...generations].flatMap((generation): Said[] => {
    const [was, is] = [requestOf(name, before, generation), requestOf(name, after, generation)];
    if (was?.text === is?.text) return [];
    if (is === undefined) {
      const isLetIn = generationsOf(name, after).includes(generation);
      return isLetIn ? [{ mark: 'mayWiden', words: reviewText.requestGone(generation, was) }] : [];
    }
    if (is.key !== undefined && [was, ...letIn].some((one) => one?.key === is.key))
      return [{ mark: 'neutral', words: reviewText.requestOfSameKey(generation, is) }];
    return was === undefined
      ? [{ mark: 'mayWiden', words: reviewText.requestGiven(generation, were, is) }]
      : [{ mark: 'widens', words: reviewText.requestChanged(generation, was, is) }];
  });
}

/** The generations that a service may have requests for. */
function generationPair(service: { readonly generation: number } | undefined): number[] {
  return service === undefined ? [] : [service.generation - 1, service.generation];
}

function generationsOf(name: string, { deployment }: StackView): number[] {
  const service = deployment.services.find((one) => one.name === name);
  return service?.identities.map(({ generation }) => generation) ?? [];
}

/** The request for a generation: the text of the file counts, wherever it is. */
function requestOf(service: string, view: StackView, generation: number): HandedIn | undefined {
  const settings = view.stack.services[service];
  const path =
    generation === settings?.generation
      ? settings.csr
      : generation + 1 === settings?.generation
        ? settings.previousCsr
        : undefined;
  if (path === undefined) return undefined;
  const text = (view.read(path) ?? `unread: ${path}`).trim();
  try {
    const { publicKey } = checkRequest(text, { stack: view.deployment.stack, service, generation }, path);
    return { text, key: keyHash(publicKey) };
  } catch {
    return { text, key: undefined };
  }
}
