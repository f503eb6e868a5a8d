import { describe, expect, it, test } from 'vitest';
import type { Distribution } from '../../lib/model/platform.ts';
import { machineTree, services, textOf } from './support/gateway.ts';

const folder = 'etc/hardening/gateway';

/** What depends on the versions in a distribution's files. */
const expected: Record<Distribution, { listen: string; http2: boolean; groups: string }> = {
  'debian-12': { listen: '0.0.0.0:443 default_server ssl http2', http2: false, groups: 'X25519:prime256v1' },
  'ubuntu-24.04': {
    listen: '0.0.0.0:443 default_server ssl http2',
    http2: false,
    groups: 'X25519:prime256v1',
  },
  'debian-13': {
    listen: '0.0.0.0:443 default_server ssl',
    http2: true,
    groups: 'X25519MLKEM768:X25519:prime256v1',
  },
};

describe.each(Object.keys(expected) as Distribution[])('the files for %s', (distribution) => {
  const tree = machineTree(distribution, services);
  const main = textOf(tree, `${folder}/nginx.conf`);
  const { listen, http2, groups } = expected[distribution];

  it('ask for HTTP/2 in the words of its nginx', () => {
    expect(/^ *listen (.* ssl.*);$/m.exec(main)?.[1]).toBe(listen);
    expect(/^ *http2 on;$/m.test(main)).toBe(http2);
  });

  it('name the groups that its OpenSSL has', () => {
    expect(/^ssl_ecdh_curve (.*);$/m.exec(textOf(tree, `${folder}/tls.conf`))?.[1]).toBe(groups);
  });
});

test('ubuntu-24.04 gets the files of debian-12: where they run, its nginx 1.24 and OpenSSL 3.0 are expected to run them', () => {
  const [ubuntu, debian] = [machineTree('ubuntu-24.04', services), machineTree('debian-12', services)];
  // Each asks its own distribution's servers for the time.
  const time = 'etc/systemd/timesyncd.conf.d/50-hardening.conf';
  expect(textOf(ubuntu, time)).toBe(
    textOf(debian, time).replace(/^FallbackNTP=.*$/m, 'FallbackNTP=ntp.ubuntu.com'),
  );
  const others = (tree: typeof ubuntu) => [...tree].filter(([path]) => path !== time);
  expect(others(ubuntu)).toEqual(others(debian));
});

test("the files for ubuntu-24.04 in Ubuntu's own nginx", (context) => {
  context.skip("needs Ubuntu's mirror, which Debian's apt does not have; tested: they equal debian-12's");
});
