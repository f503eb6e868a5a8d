import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderForwarder } from '../../lib/bundle/render-forwarder.ts';
import type { FileTree } from '../../lib/render/file-tree.ts';
import { render } from '../../lib/render/render.ts';
import { installTimeoutMs, reasonForNoPython } from '../support/python-packages.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { plainFiles, putFiles } from './support/file-places.ts';
import { clean, judge } from './support/finding.ts';
import { gixy } from './support/gixy.ts';
import { lintedForwarders, lintedStacks, machineTree, sandboxDeployment } from './support/trees.ts';

const reason = reasonForNoPython(11);
if (reason !== undefined) console.warn(`gixy.test.ts: gixy-ng judges no file of nginx: ${reason}`);

const gateway = 'etc/hardening/gateway';
const main = `${gateway}/nginx.conf`;

const ofGateway = (tree: FileTree): FileTree =>
  new Map([...tree].filter(([path]) => path.startsWith(`${gateway}/`)));

describe.skipIf(reason !== undefined)('gixy-ng, over the rendered files of nginx', () => {
  let folder: TemporaryFolder;
  beforeAll(async () => {
    folder = await temporaryFolder();
  });
  afterAll(() => folder.remove());

  /** Puts nginx's files of a place into a folder of its own, with paths of the place's own folder led there. */
  const put = async (name: string, files: FileTree, own?: string): Promise<void> => {
    const target = join(folder.path, name);
    const moved = [...files].map(([path, file]) => {
      const content = own === undefined ? file.content : file.content.replaceAll(own, target);
      return [path, { ...file, content }] as const;
    });
    await putFiles(target, new Map(moved));
  };
  const find = (...mainFiles: readonly string[]): ReturnType<typeof gixy> =>
    gixy(
      mainFiles.map((path) => join(folder.path, path)),
      folder.path,
    );

  it('has nothing to say that is not waived', { timeout: installTimeoutMs }, async () => {
    const mainFiles: string[] = [];
    const gateways = [
      ...lintedStacks.map((one) => [`${one.stack}-on-${one.distribution}`, machineTree(one)] as const),
      ['sandbox', render(sandboxDeployment)] as const,
    ];
    for (const [name, tree] of gateways) {
      await put(name, ofGateway(tree));
      mainFiles.push(`${name}/${main}`);
    }
    for (const { name, forwarder } of lintedForwarders) {
      await put(name, plainFiles(renderForwarder(forwarder)), forwarder.folder);
      mainFiles.push(`${name}/host/nginx.conf`, `${name}/compose/nginx.conf`);
    }
    expect(mainFiles).toHaveLength(lintedStacks.length + 1 + 2 * lintedForwarders.length);
    expect(judge('gixy-ng', await find(...mainFiles))).toEqual(clean);
  });

  it.each([
    [`${gateway}/nginx.conf`, 'server_tokens off;', 'server_tokens on;', 'version_disclosure'],
    [`${gateway}/tls.conf`, 'ssl_protocols TLSv1.3;', 'ssl_protocols TLSv1;', 'weak_ssl_tls'],
  ])('finds what is wrong with %s', { timeout: installTimeoutMs }, async (path, from, to, rule) => {
    const [first] = lintedStacks;
    if (first === undefined) throw new Error('there is no stack');
    const tree = new Map(ofGateway(machineTree(first)));
    const file = tree.get(path);
    if (file === undefined || !file.content.includes(from)) throw new Error(`${path} has no ${from}`);
    await put('spoiled', tree.set(path, { ...file, content: file.content.replace(from, to) }));
    expect(await find(`spoiled/${main}`)).toContainEqual(
      expect.objectContaining({ rule, where: `spoiled/${path}` }),
    );
  });

  it('finds what is wrong with a forwarder', { timeout: installTimeoutMs }, async () => {
    const [one] = lintedForwarders;
    if (one === undefined) throw new Error('there is no forwarder');
    const files = [...renderForwarder(one.forwarder)].map(
      ([path, text]) =>
        [path, text.replace('proxy_pass https://gateway', 'proxy_pass https://$http_host')] as const,
    );
    await put('spoiled-forwarder', plainFiles(files), one.forwarder.folder);
    const found = await find('spoiled-forwarder/host/nginx.conf');
    expect(found.map(({ rule }) => rule)).toContain('ssrf');
  });

  it('does not pass over a file that is not there', { timeout: installTimeoutMs }, async () => {
    await expect(find('nowhere/nginx.conf')).rejects.toThrow('could not read');
  });
});
