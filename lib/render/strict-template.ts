import Handlebars from 'handlebars';

/** The blocks that a template may have. */
const blocks = ['if', 'each'];

/** Throws for a piece of a template, saying what is wrong with it. */
type Refuse = (node: hbs.AST.Node, problem: string) => never;

/**
 * Parses a template and holds it to the little that templates are to say: a helper with values, `#if` and `#each` of
 * one path, comments. The rest of Handlebars, which prints a value unchecked or passes over one that is missing, is
 * refused. The path of an `#if` becomes a text, for {@link conditionOf} to follow.
 *
 * @param helpers the names of the helpers that print
 * @throws Error with file and line
 */
export function parseTemplate(file: string, text: string, helpers: readonly string[]): hbs.AST.Program {
  const program = Handlebars.parse(text);
  checkStatements(program, helpers, ({ loc: { start } }, problem) => {
    const source = text.split('\n')[start.line - 1]?.slice(start.column) ?? '';
    throw new Error(`${file}:${start.line}: ${/^\{\{.*?\}\}+/.exec(source)?.[0] ?? source} ${problem}`);
  });
  return program;
}

/**
 * The value at the path of an `#if`.
 *
 * @param context what the path starts at; one with `@root` starts at `root`
 * @throws RangeError where the path leads past what is there: a condition that is forgotten would print nothing
 */
export function conditionOf(path: string, context: unknown, root: unknown): unknown {
  const parts = path.split('.');
  let value = parts[0] === '@root' ? root : context;
  for (const part of parts[0] === '@root' ? parts.slice(1) : parts) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part))
      throw new RangeError(`there is no ${path}, which is a condition`);
    value = (value as Readonly<Record<string, unknown>>)[part];
  }
  return value;
}

function checkStatements({ body }: hbs.AST.Program, helpers: readonly string[], refuse: Refuse): void {
  for (const statement of body) {
    if (statement.type === 'BlockStatement') checkBlock(statement as hbs.AST.BlockStatement, helpers, refuse);
    else if (statement.type === 'MustacheStatement')
      checkMustache(statement as hbs.AST.MustacheStatement, helpers, refuse);
    else if (statement.type !== 'ContentStatement' && statement.type !== 'CommentStatement')
      refuse(statement, 'is not for these templates');
  }
}

function checkMustache(
  statement: hbs.AST.MustacheStatement,
  helpers: readonly string[],
  refuse: Refuse,
): void {
  if (!statement.escaped) refuse(statement, 'is raw: write two braces');
  if (!isWord(statement.path, helpers)) refuse(statement, 'is printed by none of the helpers');
  if (statement.params.length === 0) refuse(statement, 'gives its helper no value');
  checkValues(statement, refuse);
}

function checkBlock(statement: hbs.AST.BlockStatement, helpers: readonly string[], refuse: Refuse): void {
  // Handlebars' types do not say that an inverse block has no program, and most blocks no inverse.
  const parts: readonly (hbs.AST.Program | undefined)[] = [statement.program, statement.inverse];
  if (parts[0] === undefined || !isWord(statement.path, blocks))
    refuse(statement, 'is neither #if nor #each');
  const [param, ...more] = statement.params;
  if (param === undefined || !isPath(param) || param.parts.length === 0 || more.length > 0)
    return refuse(statement, 'needs one path');
  checkValues(statement, refuse);
  if (isWord(statement.path, ['if'])) {
    const value = `${param.data ? '@' : ''}${param.parts.join('.')}`;
    const literal: hbs.AST.StringLiteral = { type: 'StringLiteral', loc: param.loc, value, original: value };
    statement.params = [literal];
  }
  for (const part of parts) {
    if (part === undefined) continue;
    if (Array.isArray(part.blockParams)) refuse(statement, 'gives a name of its own');
    checkStatements(part, helpers, refuse);
  }
}

function checkValues(
  { params, ...statement }: hbs.AST.MustacheStatement | hbs.AST.BlockStatement,
  refuse: Refuse,
): void {
  if ((statement.hash as hbs.AST.Hash | undefined) !== undefined) refuse(statement, 'has a named value');
  for (const param of params) {
    if (isPath(param)) {
      if (param.depth > 0) refuse(statement, 'leaves its context: write @root');
      if (param.data && param.parts[0] !== 'root') refuse(statement, 'has a variable other than @root');
    } else if (param.type !== 'StringLiteral')
      refuse(statement, 'has a value that is neither a path nor a text');
  }
}

function isWord(node: hbs.AST.Node, words: readonly string[]): boolean {
  return isPath(node) && words.includes(node.original);
}

function isPath(node: hbs.AST.Node): node is hbs.AST.PathExpression {
  return node.type === 'PathExpression';
}
