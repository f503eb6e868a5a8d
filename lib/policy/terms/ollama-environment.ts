import { isIP } from 'node:net';
import { isLoopback } from '../../config/loopback.ts';
import { containersIn, publishedBeyond } from './ollama-containers.ts';

/** How a line of a unit, an environment file, a script or YAML gives Ollama a setting. */
const assignment = /\b(OLLAMA_HOST|OLLAMA_ORIGINS)(["']?\s*[=:]\s*)("[^"]*"|'[^']*'|[^\s;&|#"']*)/g;
/** The same in a list of YAML or JSON: `name: OLLAMA_HOST`, `value: 0.0.0.0`, on one line or two, in either order. */
const namedFirst =
  /\bname["']?\s*[:=]\s*["']?(OLLAMA_HOST|OLLAMA_ORIGINS)\b["']?\s*,?\s*["']?value["']?\s*[:=]\s*("[^"]*"|'[^']*'|[^\s,}]+)/g;
const valueFirst =
  /\bvalue["']?\s*[:=]\s*("[^"]*"|'[^']*'|[^\s,}]+)\s*,?\s*["']?name["']?\s*[:=]\s*["']?(OLLAMA_HOST|OLLAMA_ORIGINS)\b/g;
/** Ollama's port that docker or podman opens on the machine's addresses. */
const published =
  /(?:-p|--publish|PublishPort|["'\s-])[=\s]*["']?(?:(\[[0-9a-fA-F:]+\]|[\d.]+):)?(\d{1,5}):11434\b/g;
/** These call an Ollama, and serve none. */
const clientCommand = /^["']?\s+(?:\S*\/)?ollama\s+(?:run|pull|push|list|ls|ps|show|create|cp|rm|stop)\b/;

/** What opens Ollama in a text, in words. Lines that are comments do not count, and one that goes on is one. */
export function openedIn(given: string): string[] {
  const text = given
    .replaceAll('\\"', '"')
    .replace(/\\\r?\n\s*/g, ' ')
    .split('\n')
    .filter((line) => !/^\s*(?:#|;|\/\/)/.test(line))
    .join('\n');
  const found = [
    ...text.split('\n').flatMap((line) => [...settingsIn(line), ...publishedIn(line)]),
    ...[...text.matchAll(namedFirst)].flatMap(([, name = '', value = '']) => settingIn(name, value, false)),
    ...[...text.matchAll(valueFirst)].flatMap(([, value = '', name = '']) => settingIn(name, value, false)),
    ...containersIn(text),
  ];
  return [...new Set(found)];
}

function settingsIn(line: string): string[] {
  return [...line.matchAll(assignment)].flatMap((match): string[] => {
    const [whole, name = '', , given = ''] = match;
    return settingIn(name, given, clientCommand.test(line.slice(match.index + whole.length)));
  });
}

function settingIn(name: string, given: string, isClient: boolean): string[] {
  const value = bareValue(given);
  if (name === 'OLLAMA_ORIGINS') {
    return hasWildcard(value) ? [`OLLAMA_ORIGINS=${value} lets every web page call it`] : [];
  }
  return isOpenHost(value, isClient) ? [`OLLAMA_HOST=${value} listens beyond loopback`] : [];
}

/** A value without its quotes, and without what ends a list or an object around it. */
function bareValue(given: string): string {
  const text = given.replace(/^["']|["']$/g, '').replace(/[,\\]+$/, '');
  const ends = [...(text.includes('{') ? [] : ['}']), ...(text.includes('[') ? [] : [']'])];
  return ends.includes(text.at(-1) ?? '') ? bareValue(text.slice(0, -1)) : text;
}

/** An origin whose host is a wildcard; one for a port alone is none. */
function hasWildcard(value: string): boolean {
  return value.split(',').some((origin) => /^(?:[a-z][a-z0-9+.-]*:\/\/)?\*/i.test(origin.trim()));
}

/** Whether Ollama listens beyond loopback by this value, read as Ollama reads it (envconfig.Host). */
function isOpenHost(value: string, isClient: boolean): boolean {
  const text = value
    .trim()
    .replace(/^https?:\/\//, '')
    .replace(/\/.*$/, '');
  if (text === '') return false;
  const bracketed = /^\[([^\]]*)\](?::.*)?$/.exec(text)?.[1];
  // More than one colon without brackets is an IPv6 address.
  const host = bracketed ?? (isIP(text) === 6 ? text : text.replace(/:[^:]*$/, ''));
  if (host === 'localhost') return false;
  // An empty host is every address; a name or a variable may be any.
  if (isIP(host) === 0) return !isClient;
  return !isLoopback(host) && !(isClient && !/^(?:0\.0\.0\.0|::)$/.test(host));
}

function publishedIn(line: string): string[] {
  return [...line.matchAll(published)].flatMap(([, address]) => {
    const bare = address?.replace(/[[\]]/g, '');
    return bare !== undefined && isLoopback(bare) ? [] : [publishedBeyond];
  });
}
