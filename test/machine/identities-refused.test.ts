import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { forgeries } from '../support/forge.ts';
import { deploymentTimeoutMs, reasonForNoDeployment, stackName } from './support/deployment.ts';
import { attributeIn } from './support/identities-expiry.ts';
import { statePath } from './support/identities-keys.ts';
import { loggedRequests, upstreamRequests } from './support/identities-record.ts';
import { hasKey, keyLines } from './support/identities-secrets.ts';
import { changeTimeoutMs, identityStack, type IdentityStack } from './support/identities-stack.ts';
import { terraformTools } from './support/terraform-tools.ts';

const reason = reasonForNoDeployment();
if (reason !== undefined) console.warn(`identities-refused.test.ts: nothing is deployed here: it ${reason}`);

describe.skipIf(reason !== undefined)('a machine with CRLs', { timeout: changeTimeoutMs }, () => {
  let stack: IdentityStack;
  /** Of a resource of the state. */
  const attribute = (resource: RegExp, name: string): Promise<string> =>
    attributeIn(statePath(stack.deployment), resource, name);
  /** What clients are answered; what the log says of each, and which service Ollama was asked by. */
  const askedBy = async (pairs: readonly (readonly [certificate: string, key: string])[]) => {
    const answers = [];
    for (const [certificate, key] of pairs) {
      answers.push(await stack.clients.fresh({ ...stack.presented('ci-1'), certificate, key }));
    }
    const lines = await loggedRequests(
      stack.host,
      answers.map(({ requestId }) => requestId),
    );
    const requests = await upstreamRequests(stack.host);
    return answers.map(({ status, requestId }) => ({
      status,
      client: lines.get(requestId)?.client_verify ?? '',
      service: lines.get(requestId)?.service ?? '',
      atOllama: requests.get(requestId),
    }));
  };
  const asked = async (certificate: string, key: string) => {
    const [answer] = await askedBy([[certificate, key]]);
    if (answer === undefined) throw new Error('no answer');
    return answer;
  };

  beforeAll(async () => {
    stack = await identityStack('managed', await terraformTools());
    await stack.apply({
      services: { ci: { generation: 1 }, other: { generation: 1 }, leaver: { generation: 1 } },
    });
    await stack.apply({ services: { ci: { generation: 1 }, other: { generation: 1 } } });
  }, deploymentTimeoutMs);
  afterAll(() => stack.stop());

  test('answers every forged certificate as the table of forgeries says, and none that is refused reaches Ollama', async () => {
    const table = forgeries({
      authority: await stack.keys.authority(),
      victim: { stack: stackName, service: 'ci', generation: 1 },
    });
    expect(table.length).toBeGreaterThan(40);
    const answers = await askedBy(
      table.map(({ make }) => {
        const { chainPem, keyPem } = make();
        return [chainPem, keyPem];
      }),
    );
    expect(table.map(({ name }, index) => ({ name, ...answers[index] }))).toEqual(
      table.map(({ name, expected, refusedFor }) => ({
        name,
        ...(expected === 200
          ? { status: 200, service: 'ci', atOllama: 'ci' }
          : { status: 401, service: '', atOllama: undefined }),
        client: refusedFor === 'chain' ? (expect.stringMatching(/^FAILED:/) as string) : 'SUCCESS',
      })),
    );
  });

  test("takes the server's own certificate from no client", async () => {
    const certificate = await attribute(/^ollama_server_certificate/, 'cert_pem');
    const key = await attribute(/^ollama_server_key/, 'private_key_pem');
    expect(await asked(certificate, key)).toEqual({
      status: 401,
      client: 'FAILED:unsuitable certificate purpose',
      service: '',
      atOllama: undefined,
    });
  });

  test("takes the machine's own certificate from outside from nobody", async () => {
    const certificate = await attribute(/^ollama_service-health-1_certificate/, 'cert_pem');
    const key = await attribute(/^ollama_service-health-1_key/, 'private_key_pem');
    expect(await asked(certificate, key)).toEqual({
      status: 401,
      client: 'SUCCESS',
      service: '',
      atOllama: undefined,
    });
  });

  test('is announced by hardening certificates before anything ends', async () => {
    const far = await stack.deployment.hardening('certificates');
    expect(far).toMatchObject({ status: 0 });
    const near = await stack.deployment.hardening('certificates', '--within', '100');
    expect(near.status).toBe(1);
    expect(near.stdout).toMatch(/ci/);
    expect(near.stdout).toMatch(/gateway/);
  });

  test('keeps what it serves where the apply cannot ask it, which says why and shows no key', async () => {
    const programs = join(stack.deployment.folder, 'programs');
    await mkdir(programs);
    const refusal = 'ssh: connect to host machine.example.com port 22: No route to host';
    await writeFile(join(programs, 'ssh'), `#!/bin/sh\necho '${refusal}' >&2\nexit 255\n`, { mode: 0o755 });
    await stack.configure({ services: { ci: { generation: 1 } } });
    const { command, environment } = stack.deployment.commandLine(['deploy', '--auto-approve']);
    const failed = await stack.host.outside(command, {
      cwd: stack.deployment.folder,
      environment: { ...environment, PATH: `${programs}:${process.env['PATH'] ?? ''}` },
    });
    const said = `${failed.stdout}${failed.stderr}`;
    expect(failed.status).toBe(1);
    expect(said).toContain(refusal);
    const { services, ofState } = await keyLines(stack);
    expect(hasKey(said, [...services, ...ofState])).toBe(false);
    expect((await stack.clients.fresh(stack.presented('other-1'))).status).toBe(200);

    // And from then on as if nothing had been.
    await stack.apply({ services: { ci: { generation: 1 } } });
    expect((await stack.clients.fresh(stack.presented('other-1'))).status).toBe(401);
    expect((await stack.clients.fresh(stack.presented('ci-1'))).status).toBe(200);
  });
});
