import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import * as z from 'zod';
import { metaOf, unwrap } from '../../lib/config/describe-path.ts';
import { configSchema } from '../../lib/config/schema.ts';
import { cell } from './cell.ts';

/** One field of the configuration, as its schema describes it. */
interface Field {
  readonly path: string;
  readonly default: string;
  readonly allowed: string;
  readonly description: string;
}

/**
 * The table of every field of the configuration, as Markdown. Descriptions are the comments of the schema, read with
 * TypeScript; defaults and allowed values are the schema's own.
 */
export function optionsTable(): string {
  const line = (text: string): string => cell(text).replace(/\s+/g, ' ');
  const rows = fields().map(
    (field) =>
      `| \`${field.path}\` | ${line(field.default)} | ${line(field.allowed)} | ${line(field.description)} |`,
  );
  return ['| field | default | allowed | what it does |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

function fields(): Field[] {
  const file = fileURLToPath(new URL('../../lib/config/schema.ts', import.meta.url));
  const program = ts.createProgram([file], {
    strict: true,
    exactOptionalPropertyTypes: true,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2023,
    allowImportingTsExtensions: true,
    noEmit: true,
    skipLibCheck: true,
    types: ['node'],
  });
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(file);
  const module = source && checker.getSymbolAtLocation(source);
  const input = module && checker.getExportsOfModule(module).find((symbol) => symbol.name === 'ConfigInput');
  if (input === undefined) throw new Error('ConfigInput is not exported by lib/config/schema.ts');
  return describeObject(checker, checker.getDeclaredTypeOfSymbol(input), configSchema, '');
}

function describeObject(
  checker: ts.TypeChecker,
  type: ts.Type,
  schema: z.core.$ZodType,
  path: string,
): Field[] {
  const here = unwrap(schema);
  if (here instanceof z.ZodRecord) {
    const entry = checker.getIndexInfoOfType(type, ts.IndexKind.String)?.type;
    return entry === undefined ? [] : describeObject(checker, entry, here.valueType, `${path}.NAME`);
  }
  if (here instanceof z.ZodArray) {
    const [entry] = checker.getTypeArguments(type as ts.TypeReference);
    return entry === undefined ? [] : describeObject(checker, entry, here.element, `${path}[]`);
  }
  if (!(here instanceof z.ZodObject)) return [];
  // In the schema's order; TypeScript's puts required fields first.
  return Object.entries(here.shape as Record<string, z.core.$ZodType>).flatMap(([name, inner]) => {
    const symbol = checker.getPropertyOfType(type, name);
    if (symbol === undefined) throw new Error(`TypeScript does not see ${path}.${name}`);
    const innerPath = path === '' ? name : `${path}.${name}`;
    const innerType = checker.getNonNullableType(checker.getTypeOfSymbol(symbol));
    const description = ts.displayPartsToString(symbol.getDocumentationComment(checker));
    if (description === '') throw new Error(`${innerPath} has no description in its schema`);
    return [
      { path: innerPath, default: defaultOf(inner), allowed: metaOf(inner)?.allowed ?? '', description },
      ...describeObject(checker, innerType, inner, innerPath),
    ];
  });
}

function defaultOf(schema: z.core.$ZodType): string {
  if (schema instanceof z.ZodDefault) return `\`${JSON.stringify(schema.def.defaultValue)}\``;
  if (schema instanceof z.ZodPrefault) return '';
  return schema instanceof z.ZodOptional ? 'unset' : 'required';
}
