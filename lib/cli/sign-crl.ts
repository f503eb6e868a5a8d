import { parseCrlRequest, signCrls } from '../deploy/sign-crls.ts';
import { showError } from './show-error.ts';

/** What terraform runs while it brings a release. It has no parameters: a key is in its request. */
try {
  await signCrls(parseCrlRequest(process.env['HARDENING_CRL_REQUEST']), new Date());
} catch (error) {
  process.exitCode = showError(error);
}
