import { Unknown, type AssetFile, type Stack, type Value } from '../stack.ts';
import { isBlock, isList, leavesOf, textOf } from '../values.ts';
import { encodedTexts } from './encoded-texts.ts';
import { parseNginx } from './nginx.ts';
import { userDataOf } from './user-data.ts';

interface Written {
  /** Undefined: not found. */
  readonly path: string | undefined;
  readonly content: string;
}

/** Several rules ask for those of one stack. */
const kept = new WeakMap<Stack, AssetFile[][]>();

/** nginx's files that user_data and provisioners write to machines, each machine's apart. */
export function writtenNginxFiles(stack: Stack): readonly (readonly AssetFile[])[] {
  const found = kept.get(stack) ?? findWritten(stack);
  kept.set(stack, found);
  return found;
}

function findWritten(stack: Stack): AssetFile[][] {
  const ofUserData = userDataOf(stack).map(({ value }) => writtenIn(value));
  const ofProvisioners = stack.resources.map(({ provisioners }) =>
    provisioners.flatMap(({ values }) => [
      ...leavesOf({ ...values, content: null }).flatMap(({ text }) => writtenInText(text ?? '')),
      ...oneFile(values['destination'], values['content']),
    ]),
  );
  return [...ofUserData, ...ofProvisioners]
    .map((files) => files.filter(({ content }) => /\b(?:proxy_pass|upstream)\b/.test(content)))
    .map((files) => files.flatMap((file, index) => assetOf(file, index)))
    .filter((files) => files.length > 0);
}

/** As the files of a release. What has no path of nginx counts where it is nginx's language. */
function assetOf({ path, content }: Written, index: number): AssetFile[] {
  const isNginx = path !== undefined && /\.conf$|sites-|\/nginx\//.test(path);
  if (!isNginx && !isReadable(content)) return [];
  const name = isNginx ? path : `/etc/nginx/conf.d/user_data-${index}.conf`;
  return [{ name, path: name.slice(1), machinePath: name.slice(1), content }];
}

function isReadable(content: string): boolean {
  try {
    return parseNginx(content).length > 0;
  } catch {
    return false;
  }
}

/** Files in a value: objects with a path and a content, and what a text writes. */
function writtenIn(value: Value): Written[] {
  if (typeof value === 'string') return writtenInText(value);
  if (value instanceof Unknown) return value.parts.flatMap(writtenIn);
  if (isList(value)) return value.flatMap(writtenIn);
  if (!isBlock(value)) return [];
  const { path, content, ...rest } = value;
  return [...oneFile(path, content), ...writtenIn(Object.values(rest))];
}

/** A file by its arguments, of which the content may be in base64. */
function oneFile(path: Value | undefined, content: Value | undefined): Written[] {
  const texts = leavesOf(content).flatMap(({ text }) => text ?? []);
  return texts
    .flatMap((text) => [text, ...encodedTexts(text)])
    .map((text) => ({ path: textOf(path), content: text }));
}

/** A block of YAML's text, by its indentation. */
const yamlBlock = /^([ ]*)(?:- )?["']?\w+["']?[ ]*:[ ]*[|>][-+\d]*[ ]*\n((?:\1[ ]+.*(?:\n|$)|[ \t]*\n)+)/gm;
/** A here-document of a shell. */
const hereDocument = /^(.*)<<-?[ ]*\\?['"]?(\w+)['"]?(.*)\n([^]*?)\n[ \t]*\2[ ]*$/gm;
const yamlPath = /\bpath["']?\s*:\s*["']?([^\s"',]+)/g;

/** Files that a cloud-config or a script writes. */
function writtenInText(text: string): Written[] {
  const json = jsonOf(text);
  if (json !== undefined) return writtenIn(json);
  const blocks = [...text.matchAll(yamlBlock)].map(({ index, 2: content = '' }) => {
    const before = [...text.slice(0, index).matchAll(yamlPath)].at(-1)?.[1];
    return { path: before, content: content.replace(/^[ ]+/gm, '') };
  });
  const documents = [...text.matchAll(hereDocument)].map(([, before = '', , after = '', content = '']) => ({
    path: /(?:>|\btee(?: -a)?)\s*["']?(\/[^\s"']+)/.exec(`${before} ${after}`)?.[1],
    content: content.replaceAll('\\$', '$'),
  }));
  const inner = encodedTexts(text).flatMap((one) => [
    { path: undefined, content: one },
    ...writtenInText(one),
  ]);
  return [...blocks, ...blocks.flatMap(({ content }) => writtenInText(content)), ...documents, ...inner];
}

function jsonOf(text: string): Value | undefined {
  const body = text.replace(/^#cloud-config\s*\n/, '').trim();
  if (!body.startsWith('{')) return undefined;
  try {
    return JSON.parse(body) as Value;
  } catch {
    return undefined;
  }
}
