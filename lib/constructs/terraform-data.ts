import { TerraformResource, type TerraformMetaArguments } from 'cdktf/lib/terraform-resource.js';
import type { Construct } from 'constructs';

export interface TerraformDataProps extends TerraformMetaArguments {
  /** Values that the state keeps for a reader. They must not be secret. */
  readonly input: Readonly<Record<string, string>>;
  /** Values that replace the resource, and so run its provisioners again, when one of them changes. */
  readonly triggersReplace: readonly string[];
}

/**
 * Terraform's built-in `terraform_data`. cdktf's own class for it runs a terraform program while it synthesizes, and
 * fails where there is none; the version that is needed stands in the stack, where terraform itself checks it.
 */
export class TerraformData extends TerraformResource {
  readonly #props: TerraformDataProps;

  constructor(scope: Construct, id: string, props: TerraformDataProps) {
    super(scope, id, { ...props, terraformResourceType: 'terraform_data' });
    this.#props = props;
  }

  protected override synthesizeAttributes(): Record<string, unknown> {
    return { input: this.#props.input, triggers_replace: this.#props.triggersReplace };
  }
}
