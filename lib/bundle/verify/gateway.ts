import { request } from 'node:https';
import { verifyText } from '../../messages/bundle.ts';
import { publicPrefix } from '../../model/routes.ts';
import type { BundleDescription } from '../content.ts';
import type { IdentityMaterial } from '../material.ts';
import type { Finding } from './finding.ts';

const timeoutMs = 10_000;

/** Calls the gateway once as the service: TLS 1.3 to a server of that name and CA, one call that only reads. */
export async function checkGateway(
  { certificate, key, ca }: IdentityMaterial,
  { gateway }: BundleDescription,
): Promise<Finding> {
  const check = 'gateway';
  if (key === undefined) return { check, outcome: 'unknown', text: verifyText.noKeyToConnect };
  try {
    const status = await statusOf({ certificate, key, ca }, gateway);
    const [outcome, text] = (
      {
        200: ['holds', verifyText.letIn],
        403: ['holds', verifyText.letInOnly],
        401: ['attention', verifyText.refused],
      } as const
    )[status] ?? ['attention', verifyText.strange(status)];
    return { check, outcome, text };
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    return { check, outcome: 'attention', text: verifyText.unreachable(said) };
  }
}

function statusOf(
  { certificate, key, ca }: IdentityMaterial,
  { name, address, port }: BundleDescription['gateway'],
): Promise<number> {
  return new Promise((settle, fail) => {
    const call = request(
      {
        host: address,
        port,
        servername: name,
        path: `${publicPrefix}/api/version`,
        headers: { host: name, connection: 'close' },
        minVersion: 'TLSv1.3',
        cert: certificate,
        key,
        ca,
        agent: false,
        timeout: timeoutMs,
      },
      (response) => {
        response.resume();
        settle(response.statusCode ?? 0);
      },
    );
    call.on('timeout', () => call.destroy(new Error(`no answer in ${timeoutMs / 1_000} s`)));
    call.on('error', fail);
    call.end();
  });
}
