import * as z from 'zod';
import { bucketName, reason, slug, yesOrNo } from '../values.ts';

/** Where terraform's state is kept. In `managed` mode it holds every private key, so it must be encrypted. */
export const terraformStateSection = z.strictObject({
  /**
   * A bucket of DigitalOcean Spaces, encrypted with a key of your own (SSE-C). Credentials come from AWS_ACCESS_KEY_ID,
   * AWS_SECRET_ACCESS_KEY and AWS_SSE_CUSTOMER_KEY only. By default the state is a file.
   */
  spaces: z
    .strictObject({
      /** The region's slug. */
      region: slug,
      /** The bucket's name. */
      bucket: bucketName,
    })
    .optional(),
  /** Whether OpenTofu encrypts the state, as TF_ENCRYPTION tells it to; terraform itself cannot. By default false. */
  encryptedByOpenTofu: yesOrNo.default(false),
  /**
   * Why the state may stay unencrypted. Only needed, and only allowed, where nothing above encrypts it; a stack that is
   * deployed is refused otherwise.
   */
  unencryptedReason: reason.optional(),
});
