import { installInto } from '../../package/support/installed-package.ts';

/** A library that the constructs run on. */
export interface Engine {
  /** Its name on npm. */
  readonly name: 'cdktf' | 'cdktn';
  readonly version: string;
  /** What a project's package.json says to have it. */
  readonly fields: object;
}

/** What a project gets that says nothing. */
export const cdktf: Engine = { name: 'cdktf', version: '0.21.0', fields: {} };

/** The continuation, under the name that the kit and the providers import. */
export const cdktn: Engine = {
  name: 'cdktn',
  version: '0.24.0',
  fields: { dependencies: { cdktf: 'npm:cdktn@0.24.0' }, overrides: { cdktf: '$cdktf' } },
};

export const engines = [cdktf, cdktn] as const;

/** Makes a project of nothing but the kit on an engine. */
export const installOn = (engine: Engine, project: string, tarball: string): Promise<void> =>
  installInto(project, tarball, engine.fields);
