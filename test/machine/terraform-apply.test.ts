import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Result } from '../distributions/support/machine.ts';
import { rootTimeoutMs } from '../distributions/support/root-cache.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { bootHost, reasonForNoHost, type Host } from './support/host.ts';
import { makeSshKey } from './support/ssh.ts';
import {
  reasonForNoTerraform,
  terraformTools,
  terraformToolsTimeoutMs,
  type TerraformTools,
} from './support/terraform-tools.ts';

const reason = reasonForNoHost() ?? reasonForNoTerraform();
if (reason !== undefined) console.warn(`terraform-apply.test.ts: nothing is deployed here: it ${reason}`);

/** A folder of files and a secret go to the machine over SSH, and a program there puts them in place. */
const configuration = `
variable "address" { type = string }
variable "host_key" { type = string }
variable "user_key" { type = string }
variable "content" { type = string }

resource "tls_private_key" "server" {
  algorithm   = "ECDSA"
  ecdsa_curve = "P256"
}

resource "terraform_data" "release" {
  triggers_replace = [var.content]
  connection {
    type        = "ssh"
    host        = var.address
    user        = "root"
    private_key = file(var.user_key)
    host_key    = var.host_key
    agent       = false
    timeout     = "10s"
    script_path = "/root/terraform-script.sh"
  }
  provisioner "remote-exec" {
    inline = ["install -d -m 0700 /root/incoming"]
  }
  provisioner "file" {
    source      = "release"
    destination = "/root/incoming"
  }
  provisioner "file" {
    content     = var.content
    destination = "/root/incoming/release/content"
  }
  provisioner "file" {
    content     = tls_private_key.server.private_key_pem
    destination = "/root/incoming/server.key"
  }
  provisioner "remote-exec" {
    inline = ["sh /root/incoming/release/activate"]
  }
}
`;
const activate = `set -eu
grep -qv broken /root/incoming/release/content || { echo 'the content is broken' >&2; exit 1; }
cp /root/incoming/release/content /etc/content
echo "activated" >>/etc/activations
`;

describe.skipIf(reason !== undefined)('terraform from outside', () => {
  let tools: TerraformTools;
  let folder: TemporaryFolder;
  let host: Host;

  beforeAll(async () => {
    tools = await terraformTools();
    host = await bootHost('trixie');
    folder = await temporaryFolder();
    await writeFile(join(folder.path, 'main.tf'), configuration);
    await mkdir(join(folder.path, 'release'));
    await writeFile(join(folder.path, 'release/activate'), activate);
    expect(await terraform(['init'])).toMatchObject({ status: 0 });
  }, rootTimeoutMs + terraformToolsTimeoutMs);
  afterAll(async () => {
    await host.stop();
    await folder.remove();
  });

  const terraform = (
    command: readonly string[],
    { content = 'first', hostKey = host.hostKey } = {},
  ): Promise<Result> =>
    host.outside([tools.terraform, ...command, '-input=false', '-no-color'], {
      cwd: folder.path,
      environment: {
        ...tools.environment,
        TF_VAR_address: host.address,
        TF_VAR_host_key: hostKey,
        TF_VAR_user_key: host.userKey,
        TF_VAR_content: content,
      },
    });
  const apply = ['apply', '-auto-approve'];

  test('sends nothing to a machine that has another host key than the pinned one', async () => {
    const other = await makeSshKey(join(folder.path, 'other'));
    const { status, stderr } = await terraform(apply, { hostKey: other.publicKey });
    expect(status).toBe(1);
    expect(stderr).toContain('knownhosts: key mismatch');
    expect((await host.machine.run(['test', '-e', '/root/incoming'])).status).toBe(1);
  });

  test('brings files and a secret that no one else can read, and runs a program', async () => {
    expect(await terraform(apply)).toMatchObject({ status: 0 });
    expect(await host.machine.output(['cat', '/etc/content', '/etc/activations'])).toBe('firstactivated\n');
    expect(await host.machine.output(['stat', '--format=%a', '/root/incoming'])).toBe('700\n');
    expect(await host.machine.output(['cat', '/root/incoming/server.key'])).toContain('BEGIN EC PRIVATE KEY');
  });

  test('does nothing the second time', async () => {
    expect(await terraform(['plan', '-detailed-exitcode'])).toMatchObject({ status: 0 });
  });

  test('brings a change, and leaves the rest', async () => {
    const { stdout } = await terraform(apply, { content: 'second' });
    expect(stdout).toContain('Resources: 1 added, 0 changed, 1 destroyed');
    expect(await host.machine.output(['cat', '/etc/content', '/etc/activations'])).toBe(
      'secondactivated\nactivated\n',
    );
  });

  test("fails with the program's own words, and has work to do after that", async () => {
    const { status, stdout } = await terraform(apply, { content: 'broken' });
    expect(status).toBe(1);
    expect(stdout).toContain('the content is broken');
    expect(await terraform(['plan', '-detailed-exitcode'], { content: 'broken' })).toMatchObject({
      status: 2,
    });
  });
});
