import * as z from 'zod';

type Schema = z.core.$ZodType;

/** The schema without the layers that only fill in what is missing. */
export function unwrap(schema: Schema): Schema {
  let inner = schema;
  while (inner instanceof z.ZodOptional || inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault) {
    inner = inner.unwrap();
  }
  return inner;
}

/** The schema that rules the value at a path of the configuration; undefined where there is none. */
export function schemaAt(root: Schema, path: readonly PropertyKey[]): Schema | undefined {
  let schema: Schema | undefined = root;
  for (const key of path) {
    const here: Schema | undefined = schema && unwrap(schema);
    if (here instanceof z.ZodObject) schema = (here.shape as Record<PropertyKey, Schema>)[key];
    else if (here instanceof z.ZodRecord) schema = here.valueType;
    else if (here instanceof z.ZodArray) schema = here.element;
    else return undefined;
  }
  return schema;
}

/** The metadata of a schema, looked for through the layers around it, outermost first. */
export function metaOf(schema: Schema): z.core.GlobalMeta | undefined {
  let layer: Schema = schema;
  for (;;) {
    const meta = z.globalRegistry.get(layer);
    if (meta?.allowed !== undefined) return meta;
    if (layer instanceof z.ZodOptional || layer instanceof z.ZodDefault || layer instanceof z.ZodPrefault) {
      layer = layer.unwrap();
    } else return undefined;
  }
}
