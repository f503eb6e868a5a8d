import { resolve } from 'node:path';
import { App } from 'cdktf/lib/app.js';
import { TerraformStack } from 'cdktf/lib/terraform-stack.js';
import type { TerraformResource } from 'cdktf/lib/terraform-resource.js';
import type { IConstruct } from 'constructs';
import { parseAcknowledgements, type Acknowledgement } from '../policy/acknowledgements.ts';
import {
  defaultCircumstances,
  evaluateStack,
  isRefused,
  unusedAcknowledgements,
  type Finding,
} from '../policy/evaluate.ts';
import { assetFile } from '../policy/input/assets.ts';
import { stackOfJson } from '../policy/input/read-stack.ts';
import { findingLine } from '../policy/report.ts';
import { StaticFolder } from './static-folder.ts';

/** A finding of the policy that may stay. */
export interface AcknowledgeProps {
  /** The rule's id. */
  readonly rule: string;
  /** The resource that the finding names: the construct, or what the finding calls it. */
  readonly resource: TerraformResource | string;
  /** Why this is acceptable and who decided it, 20 to 400 characters of printable ASCII. */
  readonly reason: string;
}

const acknowledged = new WeakMap<TerraformStack, Acknowledgement[]>();

/**
 * Lets a finding of the policy stay. It goes with the stack, so that a reviewer and `hardening policy` see it too.
 *
 * @throws UserError for a rule that there is not, and for a reason that is none
 */
export function acknowledge(scope: IConstruct, { rule, resource, reason }: AcknowledgeProps): void {
  const stack = TerraformStack.of(scope);
  const address =
    typeof resource === 'string'
      ? resource
      : `${resource.terraformResourceType}.${resource.friendlyUniqueId}`;
  const added = parseAcknowledgements([{ rule, resource: address, reason }], scope.node.path);
  const all = [...(acknowledged.get(stack) ?? []), ...added];
  acknowledged.set(stack, all);
  stack.addOverride('//.acknowledgements', all);
}

/**
 * What the policy finds about a stack as it would be written, with the files that its constructs write beside it.
 *
 * @param modelPorts ports of Ollama beside 11434
 */
export function policyFindings(stack: TerraformStack, modelPorts: readonly number[] = []): Finding[] {
  const files = stack.node
    .findAll()
    .filter((construct) => construct instanceof StaticFolder)
    .flatMap(({ path, files: contents }) =>
      [...contents].map(([file, content]) => assetFile(path + file, content)),
    );
  const name = stack.node.id;
  const folder = resolve(App.of(stack).outdir, 'stacks', name);
  const own = acknowledged.get(stack) ?? [];
  // As text and back, which is what terraform gets: without what is undefined.
  const json: unknown = JSON.parse(JSON.stringify(stack.toTerraform()));
  const parsed = stackOfJson({ name, folder, beside: [], files }, json);
  const findings = evaluateStack(parsed, defaultCircumstances(modelPorts), own);
  return [...findings, ...unusedAcknowledgements(findings, own, name)];
}

/**
 * Lets the synthesis of a stack fail for an error of the policy that nobody has acknowledged, whoever runs it.
 *
 * @param modelPorts ports of Ollama beside 11434
 */
export function failOnPolicy(stack: TerraformStack, modelPorts: readonly number[] = []): void {
  stack.node.addValidation({
    validate: () =>
      policyFindings(stack, modelPorts)
        .filter((finding) => isRefused([finding]))
        .map(findingLine),
  });
}
