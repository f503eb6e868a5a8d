import type { FileTree } from '../../lib/render/file-tree.ts';
import { callingService, stackName } from '../servers/site.ts';

/** One part of the policy and how to take it out of the rendered files, to see what it costs. */
export interface PolicyPart {
  readonly name: string;
  readonly without: (tree: FileTree) => FileTree;
}

const folder = 'etc/hardening/gateway/';

/** Replaces text in a rendered file; throws where there is nothing to replace, so that no part is measured in vain. */
export function edit(file: string, ...replacements: readonly [RegExp, string][]): PolicyPart['without'] {
  return (tree) => {
    const path = folder + file;
    const rendered = tree.get(path);
    if (rendered === undefined) throw new Error(`no file ${path}`);
    let content = rendered.content;
    for (const [pattern, replacement] of replacements) {
      const changed = content.replaceAll(pattern, replacement);
      if (changed === content) throw new Error(`${path} has no ${pattern.source}`);
      content = changed;
    }
    return new Map([...tree, [path, { ...rendered, content }]]);
  };
}

export function all(...edits: readonly PolicyPart['without'][]): PolicyPart['without'] {
  return (tree) => edits.reduce((changed, change) => change(changed), tree);
}

const nothing = '';
const subject = `serialNumber=1,CN=${callingService},O=${stackName}`;
const block = String.raw` \{[^}]*\}\n`;

const withoutLog = edit('log.conf', [/^access_log .*$/gm, 'access_log off;']);
const withoutLimits = edit('inference-limits.conf', [/^limit_.*$/gm, nothing]);
const withoutIdentity = all(
  edit('access.conf', [/^set \$client_dn[^]*?^set \$service .*$/gm, `set $service "${callingService}";`]),
  edit('identities.conf', [/^[^]+$/g, nothing]),
  edit('refused.conf', [/^[^]+$/g, nothing]),
);
const withoutHost = edit('access.conf', [
  new RegExp(`^if \\(\\$host ${block.replace(' ', '[^{]*')}`, 'gm'),
  nothing,
]);
const withoutRoutes = edit('routes.conf', [
  new RegExp(`^ +if \\(\\$(?:request_method|granted_routes)[^{]*${block.trim()}`, 'gm'),
  nothing,
]);
const withoutHeaderList = all(
  edit('proxy.conf', [/^proxy_pass_request_headers off;$/gm, nothing]),
  edit('request-headers.conf', [/^proxy_set_header (?:Content-Type|Accept|X-Service-Name) .*$/gm, nothing]),
);
const withoutRequestId = all(
  edit('request-headers.conf', [/^proxy_set_header X-Request-Id .*$/gm, nothing]),
  edit('answers.conf', [/^ *add_header X-Request-Id .*$/gm, nothing]),
  edit('log.conf', [/\$request_id/g, nothing]),
);

/** Each part alone, then all of them. */
export const policyParts: readonly PolicyPart[] = [
  { name: 'the access log', without: withoutLog },
  { name: 'rate and stream limits', without: withoutLimits },
  {
    name: "printing the certificate's subject",
    without: edit('access.conf', [/\$ssl_client_s_dn/g, `"${subject}"`]),
  },
  { name: 'the identity check, subject included', without: withoutIdentity },
  { name: 'the host name check', without: withoutHost },
  { name: 'the checks of method and grant', without: withoutRoutes },
  { name: 'the list of request headers', without: withoutHeaderList },
  { name: 'the request id', without: withoutRequestId },
  {
    name: 'all of these',
    without: all(
      withoutLog,
      withoutLimits,
      withoutIdentity,
      withoutHost,
      withoutRoutes,
      withoutHeaderList,
      withoutRequestId,
    ),
  },
];
