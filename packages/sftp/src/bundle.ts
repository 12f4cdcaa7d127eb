import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** The library inside calls require for Node's own modules, which an ES module has none of. */
const REQUIRE = `import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);`

/** Writes the server of files as one ES module that runs on Node 24 alone. */
export async function bundleSftpServer(outFile: string): Promise<void> {
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
    // Parts that make other uses of the library quicker, and that it does without.
    external: ['cpu-features', '*.node'],
    minifyWhitespace: true,
    minifySyntax: true,
    logLevel: 'silent',
  })
}
