import { readFileSync } from 'node:fs';
import ts from 'typescript';

/**
 * What one source file asks of the world outside it.
 *
 * @typedef {{ specifier: string | undefined, typeOnly: boolean, line: number }} Import `specifier` is undefined where
 *   it is computed.
 * @typedef {{ name: string, line: number }} GlobalUse
 */

/**
 * Every import of a file, in all of its forms: `import`, `export … from`, `import()`, `require()`, `import('…').Type`
 * and triple-slash references.
 *
 * @param {string} path
 * @returns {{ imports: Import[], globals(names: ReadonlySet<string>): GlobalUse[] }}
 */
export function readSource(path) {
  const file = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
  const lineAt = (/** @type {number} */ position) => file.getLineAndCharacterOfPosition(position).line + 1;
  /** @type {Import[]} */
  const imports = file.typeReferenceDirectives.map(({ fileName, pos }) => ({
    specifier: fileName,
    typeOnly: true,
    line: lineAt(pos),
  }));

  visit(file, (node) => {
    const found = importOf(node);
    if (found === undefined) return;
    const { source, typeOnly } = found;
    const specifier = source !== undefined && ts.isStringLiteralLike(source) ? source.text : undefined;
    imports.push({ specifier, typeOnly, line: lineAt(node.getStart(file)) });
  });

  return {
    imports,
    globals(names) {
      const local = declaredNames(file);
      /** @type {GlobalUse[]} */
      const uses = [];
      visit(file, (node) => {
        const name = globalOf(node, local);
        if (name !== undefined && names.has(name)) uses.push({ name, line: lineAt(node.getStart(file)) });
      });
      return uses;
    },
  };
}

/**
 * @param {ts.Node} node
 * @param {(node: ts.Node) => void} callback
 */
function visit(node, callback) {
  callback(node);
  ts.forEachChild(node, (child) => visit(child, callback));
}

/**
 * @param {ts.Node} node
 * @returns {{ source: ts.Node | undefined, typeOnly: boolean } | undefined}
 */
function importOf(node) {
  if (ts.isImportDeclaration(node)) {
    return { source: node.moduleSpecifier, typeOnly: node.importClause?.isTypeOnly ?? false };
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
    return { source: node.moduleSpecifier, typeOnly: node.isTypeOnly };
  }
  if (ts.isExternalModuleReference(node)) {
    return { source: node.expression, typeOnly: ts.isImportEqualsDeclaration(node.parent) && node.parent.isTypeOnly };
  }
  if (ts.isImportTypeNode(node)) {
    return { source: ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined, typeOnly: true };
  }
  if (ts.isCallExpression(node)) {
    const { expression } = node;
    const loads =
      expression.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(expression) && expression.text === 'require');
    if (loads) return { source: node.arguments[0], typeOnly: false };
  }
  return undefined;
}

/**
 * Names that the file itself gives a meaning to. A `declare` gives none: it only claims that a global exists.
 *
 * @param {ts.SourceFile} file
 * @returns {Set<string>}
 */
function declaredNames(file) {
  /** @type {Set<string>} */
  const names = new Set();
  visit(file, (node) => {
    const binds =
      ts.isVariableDeclaration(node) ||
      ts.isBindingElement(node) ||
      ts.isParameter(node) ||
      ts.isFunctionDeclaration(node) ||
      ts.isClassDeclaration(node) ||
      ts.isInterfaceDeclaration(node) ||
      ts.isTypeAliasDeclaration(node) ||
      ts.isTypeParameterDeclaration(node) ||
      ts.isImportClause(node) ||
      ts.isImportSpecifier(node) ||
      ts.isNamespaceImport(node);
    if (!binds || node.name === undefined || !ts.isIdentifier(node.name)) return;
    if (ts.getCombinedModifierFlags(node) & ts.ModifierFlags.Ambient) return;
    names.add(node.name.text);
  });
  return names;
}

/**
 * The global that a node reads, be it by its bare name, through `globalThis`, or `Math.random`, which is a function of
 * the language and yet no function of its arguments.
 *
 * @param {ts.Node} node
 * @param {ReadonlySet<string>} local
 * @returns {string | undefined}
 */
function globalOf(node, local) {
  if (ts.isPropertyAccessExpression(node)) {
    /** @type {ts.Expression} */
    let object = node.expression;
    while (ts.isParenthesizedExpression(object) || ts.isAsExpression(object)) object = object.expression;
    if (!ts.isIdentifier(object)) return undefined;
    if (object.text === 'globalThis') return node.name.text;
    return object.text === 'Math' ? `Math.${node.name.text}` : undefined;
  }
  if (!ts.isIdentifier(node) || local.has(node.text)) return undefined;
  const { parent } = node;
  const isMemberName =
    (ts.isQualifiedName(parent) && parent.right === node) ||
    (!ts.isShorthandPropertyAssignment(parent) && /** @type {{ name?: ts.Node }} */ (parent).name === node) ||
    (ts.isBindingElement(parent) && parent.propertyName === node) ||
    (ts.isImportOrExportSpecifier(parent) && parent.propertyName === node);
  return isMemberName ? undefined : node.text;
}
