import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findProgram } from '../../scripts/setup/find-program.mjs';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { hostStack } from './support/deployed-stacks.ts';
import { at, synthesized } from './support/synthesized.ts';

const terraform = findProgram('terraform');
if (terraform === undefined)
  console.warn('spaces-state.test.ts: no state is written to a bucket here: it needs terraform');

describe.skipIf(terraform === undefined)('a state in Spaces, by real terraform', () => {
  let folder: TemporaryFolder;
  let store: Server;
  /** The headers that each object was written with. */
  const written: IncomingHttpHeaders[] = [];

  beforeEach(async () => {
    folder = await temporaryFolder();
    written.length = 0;
    store = createServer((request, response) => {
      request.resume().on('end', () => {
        response.setHeader('content-type', 'application/xml');
        if (request.method === 'PUT') written.push(request.headers);
        if (request.method === 'PUT') response.end();
        else if (request.url?.includes('list-type')) response.end('<ListBucketResult/>');
        else response.writeHead(404).end('<Error><Code>NoSuchKey</Code></Error>');
      });
    }).listen(0, '127.0.0.1');
    await once(store, 'listening');
    const { json } = await synthesized('box', {
      ...hostStack,
      terraformState: { spaces: { region: 'fra1', bucket: 'state-of-reviews' } },
    });
    const s3 = {
      ...(at(json, 'terraform', 'backend', 's3') as object),
      endpoints: { s3: `http://127.0.0.1:${(store.address() as AddressInfo).port}` },
      // The bucket is no host name here.
      use_path_style: true,
    };
    const stack = { terraform: { backend: { s3 } }, resource: { terraform_data: { one: { input: 'one' } } } };
    await writeFile(join(folder.path, 'cdk.tf.json'), JSON.stringify(stack));
  });
  afterEach(async () => {
    store.close();
    await folder.remove();
  });

  const apply = async (variables: Readonly<Record<string, string>>): Promise<void> => {
    for (const command of [['init'], ['apply', '-auto-approve']]) {
      const child = spawn(terraform ?? '', [...command, '-input=false', '-no-color'], {
        cwd: folder.path,
        stdio: 'ignore',
        env: {
          ...{ PATH: process.env['PATH'], NO_PROXY: '*', CHECKPOINT_DISABLE: '1' },
          ...{
            AWS_ACCESS_KEY_ID: 'an-id',
            AWS_SECRET_ACCESS_KEY: 'a-secret',
            AWS_EC2_METADATA_DISABLED: 'true',
          },
          ...variables,
        },
      });
      expect(await once(child, 'close')).toEqual([0, null]);
    }
  };

  it('is encrypted with the key of AWS_SSE_CUSTOMER_KEY', async () => {
    const key = randomBytes(32).toString('base64');
    await apply({ AWS_SSE_CUSTOMER_KEY: key });
    expect(written).toEqual([
      expect.objectContaining({
        'x-amz-server-side-encryption-customer-algorithm': 'AES256',
        'x-amz-server-side-encryption-customer-key': key,
      }),
    ]);
  });

  // Why `hardening deploy` begins nothing then: terraform does not mind.
  it('is written under the key of the store alone without that variable', async () => {
    await apply({});
    expect(written).toHaveLength(1);
    expect(written[0]).toHaveProperty('x-amz-server-side-encryption', 'AES256');
    expect(written[0]).not.toHaveProperty('x-amz-server-side-encryption-customer-key');
  });
});
