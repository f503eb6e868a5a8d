import type { Block, Resource, Stack, Value } from '../stack.ts';
import { isBlock, isList } from '../values.ts';
import { isGone } from './firewalls.ts';

/** What a machine of any provider is given for its first boot. */
export interface UserData {
  readonly resource: Resource;
  /** The argument of the resource that it is in. */
  readonly argument: string;
  readonly value: Value;
}

/** Arguments that providers have for it: DigitalOcean, Hetzner, AWS, Azure, Google and others. */
const names = /^(?:user[_-]data|user_data_base64|custom_data|(?:metadata_)?startup[_-]script|cloud_init)$/;

/** Whether an argument of a resource, or of a block in it, is for a first boot. */
export const isUserData = (path: readonly string[]): boolean =>
  path.slice(0, 2).some((name) => names.test(name));

/** What machines are given for their first boot: arguments of resources, and of blocks in them. */
export function userDataOf(stack: Stack): UserData[] {
  return stack.resources
    .filter((resource) => !resource.isData && !isGone(resource))
    .flatMap((resource) =>
      Object.entries(resource.values).flatMap(([argument, value]) =>
        (names.test(argument) ? [value] : within(value)).map((one) => ({ resource, argument, value: one })),
      ),
    );
}

/** Those of the blocks that an argument is. */
function within(value: Value): Value[] {
  const blocks: readonly Value[] = isList(value) ? value : [value];
  return blocks
    .filter((one): one is Block => isBlock(one))
    .flatMap((block) => Object.entries(block).flatMap(([name, one]) => (names.test(name) ? [one] : [])));
}
