import { LocalBackend } from 'cdktf/lib/backends/local-backend.js';
import { S3Backend } from 'cdktf/lib/backends/s3-backend.js';
import type { TerraformStack } from 'cdktf/lib/terraform-stack.js';
import type { StatePlan } from '../lib/model/infrastructure/infrastructure.ts';

/** Says where a stack keeps its state. Credentials and keys come from the environment alone. */
export function keepState(stack: TerraformStack, plan: StatePlan): void {
  if (plan.kind === 'spaces') {
    // Spaces speaks S3 without the rest of AWS, and takes one region's name only.
    new S3Backend(stack, {
      bucket: plan.bucket,
      key: plan.key,
      region: 'us-east-1',
      endpoints: { s3: `https://${plan.region}.digitaloceanspaces.com` },
      encrypt: true,
      skipCredentialsValidation: true,
      skipRequestingAccountId: true,
      skipMetadataApiCheck: true,
      skipRegionValidation: true,
      skipS3Checksum: true,
    });
    return;
  }
  new LocalBackend(stack, { path: plan.path });
  if (plan.kind === 'encrypted-file') {
    // OpenTofu refuses to write a state or a plan that TF_ENCRYPTION does not encrypt; terraform refuses this block.
    stack.addOverride('terraform.encryption', { state: { enforced: true }, plan: { enforced: true } });
  }
}
