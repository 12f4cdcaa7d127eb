import { join } from 'node:path'
import { constants, Script } from 'node:vm'

/** Imports a module as a cell would, and sees that it exports the names that an import statement takes. */
export type ModuleImporter = (
  specifier: string,
  options?: ImportCallOptions,
  names?: readonly string[],
) => Promise<Record<string, unknown>>

/** Makes an importer for cells in `folder`: relative paths start there, packages are looked for from there up. */
export function moduleImporter(folder: string): ModuleImporter {
  const script = new Script('(specifier, options) => import(specifier, options)', {
    filename: join(folder, 'cell.mjs'),
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  })
  // What the script above evaluates to.
  const load = script.runInThisContext() as ModuleImporter
  return async (specifier, options, names = []) => {
    const module = await load(specifier, options)
    const missing = names.find((name) => !(name in module))
    if (missing === undefined) return module
    throw new SyntaxError(`The requested module '${specifier}' does not provide an export named '${missing}'`)
  }
}
