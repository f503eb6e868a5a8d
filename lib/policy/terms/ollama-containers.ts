import { isLoopback } from '../../config/loopback.ts';

/** Ollama's image, which listens on every address of its network unless it is told otherwise. */
const image = /\b(?:ollama\/ollama|ollama:[\w.-]+)\b/;
const onLoopback = /\bOLLAMA_HOST["']?\s*[=:]\s*["']?(?:localhost|127\.\d+\.\d+\.\d+|\[?::1\b)/;
const hostNetwork =
  'a container of Ollama is in the network of the machine, where it listens on every address';
/** What a rule says of it. */
export const publishedBeyond = "a container's port 11434 is published beyond loopback";

/** What opens Ollama in a text by containers, in words. Published pairs of ports are found by line elsewhere. */
export function containersIn(text: string): string[] {
  return [
    ...commandsOf(text)
      .filter((one) => image.test(one))
      .flatMap(ofCommand),
    ...ofUnits(text),
    ...ofCompose(text),
  ];
}

/** Commands that make a container, also as a list of words in YAML or JSON. */
function commandsOf(text: string): string[] {
  const words = text.replace(/[[\]"',]/g, ' ');
  return words.match(/\b(?:docker|podman|nerdctl)\b[^\n;&|]*\b(?:run|create)\b[^\n;&|]*/g) ?? [];
}

function ofCommand(command: string): string[] {
  const isHost = /\s--?net(?:work)?[\s=]+host\b/.test(command);
  if (isHost) return onLoopback.test(command) ? [] : [hostNetwork];
  const isPublished =
    /\s(?:-[a-zA-Z]*P\b|--publish-all\b(?!=false))/.test(command) ||
    // A port of the container alone gets one of the machine.
    /\s(?:-[a-zA-Z]*p|--publish)[\s=]*11434(?:\/tcp)?(?=\s|$)/.test(command);
  return isPublished ? [publishedBeyond] : [];
}

/** Units of Quadlet (podman-systemd.unit(5)). */
function ofUnits(text: string): string[] {
  if (!/^\s*Image\s*=/m.test(text) || !image.test(text)) return [];
  return [
    ...(/^\s*Network\s*=\s*host\b/m.test(text) && !onLoopback.test(text) ? [hostNetwork] : []),
    ...(/^\s*PublishPort\s*=\s*11434(?:\/tcp)?\s*$/m.test(text) ? [publishedBeyond] : []),
  ];
}

/** Services of compose: ports in the long form, and the network of the machine. */
function ofCompose(text: string): string[] {
  const isHost =
    /\bnetwork_mode["']?\s*:\s*["']?host\b/.test(text) && image.test(text) && !onLoopback.test(text);
  const targets = [...text.matchAll(/\btarget["']?\s*:\s*["']?11434\b/g)].filter(({ index }) => {
    const address = /\bhost_ip["']?\s*:\s*["']?([0-9a-fA-F.:]+)/.exec(itemAround(text, index))?.[1];
    return address === undefined || !isLoopback(address);
  });
  const alone =
    /\bports["']?\s*:\s*(?:\[\s*|\n\s*-\s*)["']?11434(?:\/tcp)?["']?\s*(?:\n|\]|$)/.test(text) &&
    image.test(text);
  return [...(isHost ? [hostNetwork] : []), ...(targets.length > 0 || alone ? [publishedBeyond] : [])];
}

/** The object of JSON, or the item of a list of YAML, that a place is in. */
function itemAround(text: string, index: number): string {
  const before = text.slice(0, index);
  const after = text.slice(index);
  const start = Math.max(
    before.lastIndexOf('{'),
    before.search(/(?:^|\n)[ ]*-[ ][^\n]*(?:\n(?![ ]*-[ ])[^\n]*)*$/),
  );
  const end = after.search(/[}]|\n[ ]*-[ ]|\n[ ]*\n/);
  return text.slice(Math.max(start, 0), end < 0 ? undefined : index + end);
}
