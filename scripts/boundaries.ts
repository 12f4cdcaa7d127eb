/**
 * Which package may import which, as docs/architecture.md draws it. A package missing on the right is a forbidden arrow.
 */
export const PACKAGE_IMPORTS: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  common: ['protocol'],
  certificates: [],
  'guest-bundle': [],
  engine: ['common', 'certificates', 'protocol'],
  node: ['engine', 'common', 'protocol'],
  gateway: ['common', 'certificates', 'protocol'],
  ssh: ['common', 'protocol'],
  daemon: ['protocol', 'guest-bundle'],
  interpreter: ['protocol', 'guest-bundle'],
  sftp: ['guest-bundle'],
  server: ['common', 'engine', 'node', 'gateway', 'ssh', 'protocol'],
  setup: ['common', 'engine', 'node', 'gateway', 'daemon', 'interpreter', 'sftp', 'protocol'],
  cli: ['common', 'protocol', 'setup'],
  testing: ['common', 'engine', 'node', 'server'],
}

/** One import that the table does not allow, or that reaches around a package's index. */
export interface Violation {
  file: string
  specifier: string
  reason: string
}

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s[^'"]*?from\s*['"]([^'"]+)['"]|(?:^|\n)\s*import\s*['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/g

/** Lists what the text of a module imports, in order. */
export function importsOf(source: string): string[] {
  return [...source.matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? match[3] ?? '')
}

/** Checks one module of `packages/<name>/`; `file` is its path from the repository's root. */
export function violationsOf(file: string, source: string): Violation[] {
  const owner = /^packages\/([^/]+)\//.exec(file)?.[1]
  if (owner === undefined) return []
  const allowed = PACKAGE_IMPORTS[owner]
  if (allowed === undefined) return [{ file, specifier: '', reason: `package "${owner}" is not in the table` }]
  const found: Violation[] = []
  for (const specifier of importsOf(source)) {
    const target = /^@drowse\/([^/]+)(\/.*)?$/.exec(specifier)
    if (target === null) {
      if (specifier.startsWith('../') && leavesPackage(file, specifier)) {
        found.push({ file, specifier, reason: 'reaches into another package by path' })
      }
    } else if (target[2] !== undefined) {
      found.push({ file, specifier, reason: 'reaches behind the index of the package' })
    } else if (target[1] !== owner && !allowed.includes(target[1] ?? '')) {
      found.push({ file, specifier, reason: `"${owner}" may not import "${target[1]}"` })
    }
  }
  return found
}

function leavesPackage(file: string, specifier: string): boolean {
  const depth = file.split('/').length - 3
  const ups = specifier.split('/').filter((part) => part === '..').length
  return ups > depth
}
