import { posix } from 'node:path'
import ts from 'typescript'
import type { Tree } from './tree.ts'

export interface Import {
  readonly from: string
  /** A path in the tree for a relative import, otherwise the package's name as written. */
  readonly to: string
  readonly relative: boolean
  /** Leaves nothing behind at run time. */
  readonly typeOnly: boolean
  /** `import('…')`: loaded when reached, not when the importing file loads. */
  readonly lazy: boolean
}

/** Every import, re-export and dynamic import with a fixed name in one file. */
function importsOf(path: string, text: string): Import[] {
  const found: Import[] = []
  const add = (specifier: ts.Expression | undefined, typeOnly: boolean, lazy: boolean) => {
    if (specifier === undefined || !ts.isStringLiteralLike(specifier)) return
    const relative = specifier.text.startsWith('.')
    const to = relative ? posix.join(posix.dirname(path), specifier.text) : specifier.text
    found.push({ from: path, to, relative, typeOnly, lazy })
  }
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      const clause = node.importClause
      const named = clause?.namedBindings
      const everyNameIsAType =
        clause !== undefined &&
        clause.name === undefined &&
        named !== undefined &&
        ts.isNamedImports(named) &&
        named.elements.length > 0 &&
        named.elements.every((element) => element.isTypeOnly)
      add(
        node.moduleSpecifier,
        clause?.phaseModifier === ts.SyntaxKind.TypeKeyword || everyNameIsAType,
        false,
      )
    } else if (ts.isExportDeclaration(node)) {
      add(node.moduleSpecifier, node.isTypeOnly, false)
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node.arguments[0], false, true)
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      add(node.argument.literal as ts.Expression, true, false)
    }
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true))
  return found
}

/** The imports of all TypeScript sources under `src/`. */
export function sourceImports(tree: Tree): Import[] {
  return [...tree]
    .filter(([path]) => path.startsWith('src/') && path.endsWith('.ts'))
    .flatMap(([path, text]) => importsOf(path, text))
}
