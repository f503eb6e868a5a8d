import { gzipSync } from 'node:zlib';
import { parseConfig } from '../../../lib/config/parse.ts';
import { resolve } from '../../../lib/model/resolve.ts';
import { render } from '../../../lib/render/render.ts';
import type { CorpusCase } from '../support/corpus-case.ts';
import { booted } from './parts.ts';

/** The rendered files of a gateway, and what happens to them when somebody edits them by hand. */
const list = 'gateway-without-allowlist';
const host = 'gateway-host-rewrite';
const route = 'gateway-route-outside-classes';

const input = {
  gateway: { serverNames: ['models.example.com'] },
  services: { ci: {}, dashboard: { routes: ['GET /api/tags'] } },
};

function rendered(isolation: 'namespace' | 'loopback'): Readonly<Record<string, string>> {
  const config = parseConfig({ stacks: { box: { ...input, ollama: { isolation } } } }, 'test');
  const stack = config.stacks['box'];
  if (stack === undefined) throw new Error('the stack is gone');
  const files = [...render(resolve('box', stack))].map(([path, { content }]) => [
    `assets/files-0/files/${path}`,
    content,
  ]);
  return Object.fromEntries(files) as Readonly<Record<string, string>>;
}

const files = rendered('namespace');
const folder = 'assets/files-0/files/etc/hardening/gateway';

/** One file with a text in place of another. */
function edited(file: string, from: string | RegExp, to: string): Readonly<Record<string, string>> {
  const path = `${folder}/${file}`;
  const text = files[path] ?? '';
  const changed = text.replace(from, to);
  if (changed === text) throw new Error(`${file} does not have ${String(from)}`);
  return { ...files, [path]: changed };
}

const added = (text: string): Readonly<Record<string, string>> => ({
  ...files,
  [`${folder}/routes.conf`]: `${files[`${folder}/routes.conf`] ?? ''}\n${text}`,
});

const site = (text: string): Readonly<Record<string, string>> => ({
  'assets/site/files/etc/nginx/sites-enabled/ollama': text,
});
const tls = 'listen 443 ssl; ssl_verify_client on;';

const inRelease: CorpusCase[] = (
  [
    ['as it is rendered', files, [], 'the list, the Host, the routes'],
    ['as it is rendered, with Ollama on loopback', rendered('loopback'), [], 'another upstream'],
    [
      'without access.conf',
      edited('nginx.conf', '        include access.conf;\n', ''),
      [list],
      'nobody is asked who they are',
    ],
    [
      'with access.conf as a comment',
      edited('nginx.conf', 'include access.conf;', '# include access.conf;'),
      [list],
      'a comment does nothing',
    ],
    [
      'with the check inverted',
      edited('access.conf', '!= $allowed_dn', '= $allowed_dn'),
      [list],
      'those that are listed are refused',
    ],
    [
      'with a refusal that refuses nothing',
      edited('access.conf', 'return 401;', 'set $x 1;'),
      [list],
      'the first block lets on',
    ],
    [
      'with a default that lets in',
      edited('identities.conf', 'default "none"', 'default $client_dn'),
      [list],
      'everyone is listed',
    ],
    [
      'with a regular expression in the list',
      edited(
        'identities.conf',
        'map $client_dn $allowed_dn {',
        'map $client_dn $allowed_dn {\n    "~CN=" $client_dn;',
      ),
      [list],
      'everyone is listed',
    ],
    [
      'with a name that stands for another',
      edited(
        'identities.conf',
        /("serialNumber=1,CN=ci,O=box") "serialNumber=1,CN=ci,O=box"/,
        '$1 "serialNumber=1,CN=dashboard,O=box"',
      ),
      [list],
      'one poses as the other',
    ],
    [
      'without a certificate',
      edited('tls.conf', 'ssl_verify_client on', 'ssl_verify_client off'),
      [list],
      'nobody shows one',
    ],
    [
      'with a certificate that is optional',
      edited('tls.conf', 'ssl_verify_client on', 'ssl_verify_client optional'),
      [list],
      'nobody has to show one',
    ],
    [
      'with a certificate of any CA',
      edited('tls.conf', 'ssl_verify_client on', 'ssl_verify_client optional_no_ca'),
      [list],
      'everyone makes one',
    ],
    [
      "with the client's Host",
      edited('request-headers.conf', /proxy_set_header Host [^;]+;/, 'proxy_set_header Host $host;'),
      [host],
      'Ollama refuses it, or trusts it',
    ],
    [
      'with the public name as Host',
      edited(
        'request-headers.conf',
        /proxy_set_header Host [^;]+;/,
        'proxy_set_header Host models.example.com;',
      ),
      [host],
      'Ollama refuses it',
    ],
    [
      'without a Host',
      edited('request-headers.conf', /proxy_set_header Host [^;]+;/, ''),
      [host],
      'nginx sets the name of the upstream',
    ],
    [
      'with 127.0.0.1 as Host',
      edited(
        'request-headers.conf',
        /proxy_set_header Host [^;]+;/,
        'proxy_set_header Host 127.0.0.1:11434;',
      ),
      [],
      'loopback as well',
    ],
    [
      'with a route that has a header of its own',
      edited(
        'routes.conf',
        'location = /ollama/api/chat {',
        'location = /ollama/api/chat {\n    proxy_set_header X-Test 1;',
      ),
      [host],
      'it loses all that are set around it',
    ],
    [
      'with a route to pull models',
      added(
        'location = /ollama/api/pull { proxy_pass http://ollama/api/pull; include request-headers.conf; }',
      ),
      [route],
      'no class has it',
    ],
    [
      'with a prefix for everything',
      added('location /ollama/ { include request-headers.conf; proxy_pass http://ollama/; }'),
      [route],
      'every route of Ollama',
    ],
    [
      'with the last location passed on',
      edited('routes.conf', /location \/ \{\n {4}return 403;/, 'location / {\n    proxy_pass http://ollama;'),
      [route],
      'every path',
    ],
    [
      'with a route that asks for another',
      edited('routes.conf', 'proxy_pass http://ollama/api/chat;', 'proxy_pass http://ollama/api/delete;'),
      [route],
      'it deletes',
    ],
    [
      'with a route that passes on the path',
      edited('routes.conf', 'proxy_pass http://ollama/api/chat;', 'proxy_pass http://ollama;'),
      [route],
      "the client's path, as it was sent",
    ],
    [
      'with a route for every method',
      edited('routes.conf', /(location = \/ollama\/api\/chat \{\n) {4}if \(\$request_method[^}]+\}\n/, '$1'),
      [route],
      'DELETE is one',
    ],
    [
      'with a route for every service',
      edited(
        'routes.conf',
        /(location = \/ollama\/api\/chat \{\n {4}if[^}]+\}\n) {4}if \(\$granted_routes[^}]+\}\n/,
        '$1',
      ),
      [route],
      'a dashboard makes models work',
    ],
    [
      'with a route for another class',
      edited(
        'routes.conf',
        /(location = \/ollama\/api\/chat \{\n {4}if[^}]+\}\n {4}if \(\$granted_routes !~ " \(\?:)inference/,
        '$1read',
      ),
      [route],
      'a dashboard makes models work',
    ],
    [
      'with a route gone',
      edited('routes.conf', /location = \/ollama\/api\/chat \{[^]*?\n\}\n/, ''),
      [],
      'narrower',
    ],
    [
      'with an answer of its own',
      added('location = /ollama/health { return 200 ok; }'),
      [],
      'it asks Ollama nothing',
    ],
    [
      'with a file that cannot be read',
      edited('nginx.conf', 'http {', 'http {{'),
      [list],
      'nginx would not start with it',
    ],
    [
      'a site without certificates',
      site('server { listen 80; location / { proxy_pass http://127.0.0.1:11434; } }'),
      [list, host, route],
      'as guides on the web have it',
    ],
    [
      'a site with a password',
      site(
        'server { listen 443 ssl; auth_basic x; location / { proxy_set_header Host localhost:11434; proxy_pass http://localhost:11434; } }',
      ),
      [list, route],
      'a password is no certificate',
    ],
    [
      'a site with certificates and no list',
      site(
        `server { ${tls} location / { proxy_set_header Host localhost; proxy_pass http://127.0.0.1:11434; } }`,
      ),
      [list, route],
      'every certificate of the CA',
    ],
    [
      'a site for something else',
      site('server { listen 80; location / { proxy_pass http://127.0.0.1:3000; } }'),
      [],
      'it leads elsewhere',
    ],
    [
      'a site by an upstream',
      site(
        'upstream llm { server 127.0.0.1:11434; }\nserver { listen 80; location /x { proxy_set_header Host localhost; proxy_pass http://llm/; } }',
      ),
      [list, route],
      'the upstream is Ollama',
    ],
    [
      'a site with a list of its own and the route',
      site(
        `map $ssl_client_s_dn $is_let_in { default 0; "CN=ci" 1; }\nmap $is_let_in $granted_routes { default " inference "; }\nserver { ${tls} if ($is_let_in = 0) { return 403; }\n` +
          'location = /ollama/api/chat { if ($request_method != POST) { return 405; } if ($granted_routes !~ " (?:inference|POST:/api/chat) ") { return 403; }\n' +
          'proxy_set_header Host localhost:11434; proxy_pass http://127.0.0.1:11434/api/chat; } }',
      ),
      [],
      'another way to write a list',
    ],
    [
      'a site with a list that lets everyone in',
      site(
        `map $ssl_client_s_dn $is_let_in { default 1; "CN=bad" 0; }\nserver { ${tls} if ($is_let_in = 0) { return 403; }\n` +
          'location = /x { proxy_set_header Host localhost; proxy_pass http://127.0.0.1:11434/api/chat; } }',
      ),
      [list, route],
      'a list of those who may not',
    ],
  ] as const
).map(([name, own, finds, why]) => ({
  name: `the gateway ${name}`,
  finds,
  why,
  inPlan: false,
  stack: { resource: {} },
  files: own,
}));

/** The same files, written by user_data or a provisioner. */
const openSite = 'server { listen 443; location / { proxy_pass http://127.0.0.1:11434; } }\n';
const otherSite = 'server { listen 80; location / { proxy_pass http://127.0.0.1:3000; } }\n';
const closedSite =
  `map $ssl_client_s_dn $is_let_in { default 0; "CN=ci" 1; }\nmap $is_let_in $granted_routes { default " inference "; }\nserver { ${tls} if ($is_let_in = 0) { return 403; }\n` +
  'location = /ollama/api/chat { if ($request_method != POST) { return 405; } if ($granted_routes !~ " (?:inference|POST:/api/chat) ") { return 403; }\n' +
  'proxy_set_header Host localhost:11434; proxy_pass http://127.0.0.1:11434/api/chat; } }\n';
const everything = [host, list, route];
const path = '/etc/nginx/sites-enabled/ollama';
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const yaml = (text: string): string =>
  `#cloud-config\nwrite_files:\n- path: ${path}\n  content: |\n${text.replace(/^(?=.)/gm, '    ')}  permissions: '0644'\n`;

const onMachines: CorpusCase[] = (
  [
    ['YAML', yaml(openSite), everything],
    ['YAML, with a list', yaml(closedSite), []],
    ['YAML, for something else', yaml(otherSite), []],
    [
      'YAML in base64',
      `#cloud-config\nwrite_files:\n- path: ${path}\n  encoding: b64\n  content: ${base64(openSite)}\n`,
      everything,
    ],
    [
      'YAML in gzip',
      `#cloud-config\nwrite_files:\n- path: ${path}\n  encoding: gz+b64\n  content: ${gzipSync(openSite).toString('base64')}\n`,
      everything,
    ],
    ['JSON', `#cloud-config\n${JSON.stringify({ write_files: [{ path, content: openSite }] })}`, everything],
    [
      'JSON, with a list',
      `#cloud-config\n${JSON.stringify({ write_files: [{ path, content: closedSite }] })}`,
      [],
    ],
    [
      'jsonencode',
      `#cloud-config\n\${jsonencode({write_files = [{path = "${path}", encoding = "b64", content = "${base64(openSite)}"}]})}`,
      everything,
    ],
    ['a script', `#!/bin/sh\ncat >${path} <<'EOF'\n${openSite}EOF\nsystemctl reload nginx\n`, everything],
    ['a script, with tee', `#!/bin/sh\ntee ${path} <<EOF >/dev/null\n${openSite}EOF\n`, everything],
    ['a script, with a list', `#!/bin/sh\ncat >${path} <<'EOF'\n${closedSite}EOF\n`, []],
    ['a script that edits', "#!/bin/sh\nsed -i 's/proxy_pass .*/proxy_pass x;/' /etc/nginx/nginx.conf\n", []],
  ] as const
).map(([name, text, finds]) => ({
  name: `a site of nginx by user_data: ${name}`,
  finds,
  why: 'it is on the machine from its first boot',
  stack: booted(text),
}));

const byProvisioners: CorpusCase[] = (
  [
    [{ file: { content: openSite, destination: path } }, everything],
    [{ file: { content: closedSite, destination: path } }, []],
    [{ 'remote-exec': { inline: [`cat >${path} <<'EOF'\n${openSite}EOF`] } }, everything],
  ] as const
).map(([provisioner, finds]) => ({
  name: `a site of nginx by a provisioner: ${JSON.stringify(provisioner).slice(0, 90)}${finds.length}`,
  finds,
  why: 'it is brought to the machine',
  stack: {
    resource: {
      terraform_data: {
        x: { connection: { host: '192.0.2.1', host_key: 'ssh-ed25519 AAAA' }, provisioner: [provisioner] },
      },
    },
  },
}));

export const gatewayCases: readonly CorpusCase[] = [...inRelease, ...onMachines, ...byProvisioners];
