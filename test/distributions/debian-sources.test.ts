import { expect, test } from 'vitest';
import { debianSources } from './support/debian-sources.ts';

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

const deb822 = `# a comment
Types: deb
# URIs: http://old.example/debian
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
  bookworm-backports
Components: main contrib
Signed-By: ${keyring}

Types: deb deb-src
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main

Types: deb
URIs: http://other.example/apt
Suites: bookworm
Components: main
Signed-By: /etc/apt/keyrings/other.gpg

Types: deb-src
URIs: http://mirror.example/debian
Suites: bookworm
Components: main

Enabled: no
Types: deb
URIs: http://mirror.example/off
Suites: bookworm
Components: main
`;

const oneLine = `# deb http://mirror.example/comment bookworm main
deb [arch=amd64 signed-by=${keyring}] http://mirror.example/debian bookworm main contrib # why
deb http://mirror.example/debian bookworm-updates main
deb-src http://mirror.example/debian bookworm main
deb http://other.example/linux bookworm stable
deb http://other.example/apt bookworm-pgdg main
deb [signed-by=/etc/apt/keyrings/other.gpg] http://other.example/apt bookworm main
deb http://mirror.example/debian-security bookworm-security main
`;

test.each([
  [
    'deb822',
    deb822,
    [
      `deb [signed-by=${keyring}] http://mirror.example/debian trixie main`,
      `deb [signed-by=${keyring}] http://mirror.example/debian trixie-updates main`,
      'deb http://mirror.example/debian-security trixie-security main',
    ],
  ],
  [
    'one-line',
    oneLine,
    [
      `deb [signed-by=${keyring}] http://mirror.example/debian trixie main`,
      'deb http://mirror.example/debian trixie-updates main',
      'deb http://mirror.example/debian-security trixie-security main',
    ],
  ],
] as const)("Debian's own sources for another release, from %s files", (form, text, expected) => {
  expect(debianSources(text, form, 'bookworm', 'trixie')).toEqual(expected);
});
