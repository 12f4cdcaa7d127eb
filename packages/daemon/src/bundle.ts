import { copyFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { NATIVE_FILE, nativeFile } from './process/native/load-koffi.ts'

/** Some packages inside still call require for Node's own modules, which an ES module has none of. */
const REQUIRE = `import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);`

/** Writes the whole daemon as one ES module that runs on Node 24, and beside it the one native file that it loads. Returns the paths of both. */
export async function bundleDaemon(outFile: string): Promise<string[]> {
  await build({
    // The sources are next to both `src` and `dist`.
    entryPoints: [fileURLToPath(new URL('../src/main.ts', import.meta.url))],
    outfile: outFile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    conditions: ['source'],
    banner: { js: REQUIRE },
    // Less text to keep in every sandbox's memory; names stay for stack traces.
    minifyWhitespace: true,
    minifySyntax: true,
    logLevel: 'silent',
  })
  const native = join(dirname(outFile), NATIVE_FILE)
  await copyFile(nativeFile(), native)
  return [outFile, native]
}
