import { parse } from 'es-module-lexer/js'

/** Name under which cells find the function that imports modules for them. */
export const IMPORTER = '__drowseImport'

/**
 * Turns the imports of a cell, which V8 takes in modules only, into calls of {@link IMPORTER}. Names stay on their lines. Code that cannot
 * be read is given back as it is: V8 then says what is wrong with it.
 */
export function rewriteImports(code: string): string {
  if (!/\bimport\b/.test(code)) return code
  let imports
  try {
    ;[imports] = parse(code)
  } catch {
    return code
  }
  let result = ''
  let at = 0
  for (const { s, e, ss, se, d, a } of imports) {
    if (d === -1) {
      const attributes = a === -1 ? undefined : code.slice(a, se).trim()
      const statement = staticImport(code.slice(ss, s - 1), code.slice(s - 1, e + 1), attributes)
      const lost = code.slice(ss, se).split('\n').length - statement.split('\n').length
      // What follows on the next line must not be read on as part of the call.
      result += `${code.slice(at, ss)}${statement};${'\n'.repeat(Math.max(0, lost))}`
      at = se
    } else if (d >= 0) {
      result += code.slice(at, ss) + IMPORTER
      at = d
    }
  }
  return result + code.slice(at)
}

function staticImport(head: string, specifier: string, attributes: string | undefined): string {
  const clause = /^import\s*([\s\S]*?)\s*(?:from\s*)?$/.exec(head)?.[1] ?? ''
  const { names, namespace } = bindings(clause)
  const options = attributes === undefined ? 'undefined' : `{ with: ${attributes} }`
  const wanted = JSON.stringify(names.map(([imported]) => imported))
  const call = `await ${IMPORTER}(${specifier}, ${options}, ${wanted})`
  const pattern = `{ ${names.map(([imported, local]) => `${JSON.stringify(imported)}: ${local}`).join(', ')} }`
  if (namespace === undefined) return names.length === 0 ? call : `const ${pattern} = ${call}`
  return `const ${namespace} = ${call}${names.length === 0 ? '' : `, ${pattern} = ${namespace}`}`
}

interface Bindings {
  names: [imported: string, local: string][]
  namespace: string | undefined
}

/** Reads `a, * as b` or `a, { b, c as d, "e f" as g }`. */
function bindings(clause: string): Bindings {
  const names: Bindings['names'] = []
  const [, outer = '', braces = ''] = /^([^{]*)(?:\{([\s\S]*)\})?$/.exec(clause) ?? []
  const namespace = /\*\s*as\s+([^\s,]+)/.exec(outer)?.[1]
  const main = outer.split(',')[0]?.trim() ?? ''
  if (main !== '' && !main.startsWith('*')) names.push(['default', main])
  for (const part of braces.split(',').map((text) => text.trim())) {
    if (part === '') continue
    const [, imported = part, local = imported] = /^("[^"]*"|'[^']*'|\S+)(?:\s+as\s+(\S+))?$/.exec(part) ?? []
    names.push([imported.replace(/^["']|["']$/g, ''), local])
  }
  return { names, namespace }
}
