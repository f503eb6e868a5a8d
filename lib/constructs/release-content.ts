import { createHash } from 'node:crypto';
import { Fn } from 'cdktf/lib/terraform-functions.js';
import type { StackConfig } from '../config/schema.ts';
import type { Deployment } from '../model/deployment.ts';
import { releaseSettings } from '../release/settings.ts';
import { makeUpload } from '../release/upload.ts';
import { render } from '../render/render.ts';
import type { StaticFiles } from './static-folder.ts';

/** What the name depends on beside the files, known at apply only. */
export interface NamingCertificates {
  /** The trusted CAs, PEM. */
  readonly authoritiesPem: string;
  readonly server: { readonly certificatePem: string };
  readonly health: { readonly certificatePem: string };
  /** The lines of `issued`. */
  readonly issued: string;
}

/** A release as far as it is known at synth. */
export interface KnownContent {
  /** Every file of the upload but `release`, `issued` and those of `tls`. Nothing in them is secret. */
  readonly files: StaticFiles;
  /** The release's name, an expression of terraform. */
  readonly name: string;
}

/**
 * The part of an upload that is known at synth, and the expression for the name that is not. The rule of the name is
 * that of `makeUpload`; the machine refuses a release with another one.
 *
 * @throws {RangeError} for a value that the machine would refuse
 */
export function releaseContent(
  deployment: Deployment,
  stack: StackConfig,
  certificates: NamingCertificates,
): KnownContent {
  const unknown = { certificate: '', key: '' };
  const upload = makeUpload({
    deployment,
    settings: releaseSettings(deployment.stack, stack),
    tree: render(deployment),
    ca: '',
    server: unknown,
    health: unknown,
  });
  const files = new Map(
    [...upload.files]
      .filter(([path]) => path !== 'release' && path !== 'issued' && !path.startsWith('tls/'))
      .map(([path, { content }]) => [path, content]),
  );
  const sums = new Map([
    // The manifest stands for the rendered files.
    ...[...files]
      .filter(([path]) => !path.startsWith('files/'))
      .map(([path, content]) => [path, createHash('sha256').update(content).digest('hex')] as const),
    ['issued', Fn.sha256(certificates.issued)],
    ['tls/ca.crt', Fn.sha256(certificates.authoritiesPem)],
    ['tls/server.crt', Fn.sha256(certificates.server.certificatePem)],
    ['tls/health.crt', Fn.sha256(certificates.health.certificatePem)],
  ]);
  const lines = [...sums].sort(([a], [b]) => (a < b ? -1 : 1)).map(([path, sum]) => `${sum}  ${path}\n`);
  return { files, name: Fn.sha256(lines.join('')) };
}
