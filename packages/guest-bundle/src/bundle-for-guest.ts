import { build, type BuildOptions } from 'esbuild'

/** Some packages inside still call require for Node's own modules, which an ES module has none of. */
const REQUIRE = `import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);`

/** What becomes one file each, and where it goes. */
export interface GuestBundle extends Pick<
  BuildOptions,
  'entryPoints' | 'outfile' | 'outdir' | 'outExtension' | 'external'
> {
  /** Whether a package inside calls `require`. */
  usesRequire?: boolean
}

/** Writes programs as ES modules, one each, that run on Node 24 alone. The same sources always give the same bytes. */
export async function bundleForGuest({ usesRequire = false, ...files }: GuestBundle): Promise<void> {
  await build({
    ...files,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    conditions: ['source'],
    ...(usesRequire ? { banner: { js: REQUIRE } } : {}),
    // Less text to keep in every sandbox's memory; names stay for stack traces.
    minifyWhitespace: true,
    minifySyntax: true,
    logLevel: 'silent',
  })
}
