import { describe, expect, it } from 'vitest';
import { hostStack } from './support/deployed-stacks.ts';
import { at, synthesized } from './support/synthesized.ts';

const terraform = async (terraformState: object): Promise<unknown> =>
  at((await synthesized('box', { ...hostStack, terraformState })).json, 'terraform');
const unencrypted = { unencryptedReason: 'Written down by a test, which keeps no state at all.' };

describe('the state', () => {
  it('is a file outside of cdktf.out, by a relative path', async () => {
    expect(await terraform(unencrypted)).toMatchObject({
      backend: { local: { path: '../../../terraform.box.tfstate' } },
    });
    expect(await terraform(unencrypted)).not.toHaveProperty('encryption');
  });

  it('is refused by OpenTofu, and by terraform, where OpenTofu is to encrypt it and does not', async () => {
    expect(await terraform({ encryptedByOpenTofu: true })).toMatchObject({
      backend: { local: { path: '../../../terraform.box.tfstate' } },
      encryption: { state: { enforced: true }, plan: { enforced: true } },
    });
  });

  it('is in Spaces, with credentials and the key of SSE-C from the environment alone', async () => {
    expect(await terraform({ spaces: { region: 'fra1', bucket: 'state-of-reviews' } })).toMatchObject({
      backend: {
        s3: {
          bucket: 'state-of-reviews',
          key: 'hardening/box.tfstate',
          encrypt: true,
          region: 'us-east-1',
          endpoints: { s3: 'https://fra1.digitaloceanspaces.com' },
          skip_credentials_validation: true,
          skip_requesting_account_id: true,
          skip_metadata_api_check: true,
          skip_region_validation: true,
          skip_s3_checksum: true,
        },
      },
    });
    const { text } = await synthesized('box', {
      ...hostStack,
      terraformState: { spaces: { region: 'fra1', bucket: 'state-of-reviews' } },
    });
    expect(text).not.toMatch(/access_key|secret_key|sse_customer_key|profile/);
  });
});
