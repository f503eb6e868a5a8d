/** The two forms of apt's lists of sources: sources.list(5). */
export type SourcesForm = 'one-line' | 'deb822';

interface Source {
  readonly uris: readonly string[];
  readonly suites: readonly string[];
  readonly signedBy: string | undefined;
}

/**
 * Debian's own sources out of one of apt's files, for another release of Debian: one-line entries with component main.
 * Sources of others are left out, whatever they call their suites.
 *
 * @param text the file's content
 * @param own code name of the release that the file is for, such as `bookworm`
 * @param wanted code name of the release to get
 */
export function debianSources(text: string, form: SourcesForm, own: string, wanted: string): string[] {
  const sources = form === 'deb822' ? parseDeb822(text) : parseOneLine(text);
  return sources.flatMap(({ uris, suites, signedBy }) => {
    if (signedBy !== undefined && !signedBy.includes('/debian-archive-')) return [];
    const option = signedBy === undefined ? '' : `[signed-by=${signedBy}] `;
    return uris.flatMap((uri) =>
      suites
        .filter((suite) => [own, `${own}-updates`, `${own}-security`].includes(suite))
        .map((suite) => `deb ${option}${uri} ${suite.replace(own, wanted)} main`),
    );
  });
}

function parseOneLine(text: string): Source[] {
  return text.split('\n').flatMap((line) => {
    const match =
      /^\s*deb\s+(?:\[(?<options>[^\]]*)\]\s+)?(?<uri>\S+)\s+(?<suite>\S+)\s+(?<components>[^#]*)/.exec(line);
    const { options = '', uri = '', suite = '', components = '' } = match?.groups ?? {};
    if (!words(components).includes('main')) return [];
    return [{ uris: [uri], suites: [suite], signedBy: /(?:^|\s)signed-by=(\S+)/i.exec(options)?.[1] }];
  });
}

function parseDeb822(text: string): Source[] {
  const withoutComments = text.replace(/^#.*\n?/gm, '');
  return withoutComments.split(/\n\s*\n/).flatMap((stanza) => {
    const field = (name: string): string[] =>
      words(new RegExp(`^${name}:(.*(?:\\n[ \\t].*)*)`, 'im').exec(stanza)?.[1] ?? '');
    if (!field('Types').includes('deb') || !field('Components').includes('main')) return [];
    if (field('Enabled').some((value) => /^(?:no|false|0|off)$/i.test(value))) return [];
    const signedBy = field('Signed-By').join(' ');
    return [
      { uris: field('URIs'), suites: field('Suites'), signedBy: signedBy === '' ? undefined : signedBy },
    ];
  });
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
