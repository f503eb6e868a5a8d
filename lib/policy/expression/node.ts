/** Terraform's expressions (HCL's native syntax), as far as their meaning is needed. */
export type Node =
  | { readonly kind: 'literal'; readonly value: string | number | boolean | null }
  /** A text with `${…}` in it. */
  | { readonly kind: 'template'; readonly parts: readonly Node[] }
  /** `a.b.c`; indexes that are constant names are parts, others are left out. */
  | { readonly kind: 'traversal'; readonly path: readonly string[] }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Node[] }
  | { readonly kind: 'list'; readonly items: readonly Node[] }
  | { readonly kind: 'object'; readonly entries: readonly (readonly [Node, Node])[] }
  | { readonly kind: 'conditional'; readonly condition: Node; readonly branches: readonly [Node, Node] }
  | { readonly kind: 'operation'; readonly operator: string; readonly operands: readonly Node[] }
  /** What is not read further: `for`, an attribute of a result. */
  | { readonly kind: 'opaque'; readonly parts: readonly Node[] };

/** What an attribute of a node is; without a name, what all of its elements have in common. */
export function attribute(node: Node, name: string | undefined): Node {
  if (node.kind === 'traversal') return name === undefined ? node : { ...node, path: [...node.path, name] };
  // An attribute of an object of which the object is known.
  if (node.kind === 'object' && name !== undefined) {
    const found = node.entries.find(([key]) => key.kind === 'literal' && key.value === name);
    if (found !== undefined) return found[1];
  }
  return { kind: 'opaque', parts: [node] };
}
