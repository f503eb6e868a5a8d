import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { expect } from 'vitest';
import type { Authority } from '../../../lib/pki/authority.ts';
import { generateKey, privateKeyPem } from '../../../lib/pki/keys.ts';
import { untilHolds } from '../../gateway/support/waiting.ts';
import { buildCertificate, extensions, oids, signerOf } from '../../support/certificate-builder.ts';
import { pem } from '../../support/der.ts';
import { stackName } from './deployment.ts';
import { loggedRequests, upstreamRequests } from './identities-record.ts';
import type { IdentityStack } from './identities-stack.ts';

interface State {
  readonly resources: readonly {
    readonly name: string;
    readonly instances: readonly { readonly attributes: Readonly<Record<string, string>> }[];
  }[];
}

/** An attribute of a resource of a state. */
export async function attributeIn(statePath: string, resource: RegExp, name: string): Promise<string> {
  const { resources } = JSON.parse(await readFile(statePath, 'utf8')) as State;
  const found = resources.find(({ name: one }) => resource.test(one))?.instances[0]?.attributes[name];
  if (found === undefined) throw new Error(`the state has no ${String(resource)}`);
  return found;
}

/** The first CA of terraform, with its key. */
export async function authorityIn(statePath: string): Promise<Authority> {
  return {
    certificate: new X509Certificate(
      await attributeIn(statePath, /^ollama_authority_certificate/, 'cert_pem'),
    ),
    key: createPrivateKey(await attributeIn(statePath, /^ollama_authority_key/, 'private_key_pem')),
  };
}

/** Shows that a certificate of `ci` with generation 1, which is let in, is refused from the moment that it ends. */
export async function expectRefusalAtTheEnd(stack: IdentityStack): Promise<void> {
  const key = await generateKey();
  const certificate = pem(
    'CERTIFICATE',
    buildCertificate({
      subject: [
        [{ type: oids.O, value: stackName }],
        [{ type: oids.CN, value: 'ci' }],
        [{ type: oids.serialNumber, value: '1' }],
      ],
      key,
      signer: signerOf(await stack.keys.authority()),
      notBefore: new Date(Date.now() - 60_000),
      notAfter: new Date(Date.now() + 7_000),
      extensions: [extensions.extendedKeyUsage(oids.clientAuth)],
    }),
  );
  const client = { ...stack.presented('ci-1'), certificate, key: privateKeyPem(key) };
  const asked = async () => {
    const { status, requestId } = await stack.clients.fresh(client);
    const line = (await loggedRequests(stack.host, [requestId])).get(requestId);
    const atOllama = (await upstreamRequests(stack.host)).get(requestId);
    return { status, client: line?.client_verify, service: line?.service, atOllama };
  };
  expect(await asked()).toEqual({ status: 200, client: 'SUCCESS', service: 'ci', atOllama: 'ci' });
  let last: Awaited<ReturnType<typeof asked>> | undefined;
  await untilHolds(async () => {
    last = await asked();
    return last.status === 401;
  }, 'the end of the certificate');
  expect(last).toEqual({
    status: 401,
    client: 'FAILED:certificate has expired',
    service: '',
    atOllama: undefined,
  });
}
