import { chmod, copyFile, mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** Kernels in other languages than this one; they run as they are. */
const KERNELS = fileURLToPath(new URL('../kernels/', import.meta.url))

/** Programs of the folder and their sources. */
const PROGRAMS = {
  interpreter: 'main.ts',
}

/**
 * Writes the code interpreter into `directory`, which is made: `interpreter.mjs` (the server, one ES module for Node 24 alone) and, beside it,
 * the files that it starts kernels from. All are readable by every user.
 */
export async function bundleInterpreter(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o755 })
  await build({
    // The sources are next to both `src` and `dist`.
    entryPoints: Object.entries(PROGRAMS).map(([out, source]) => ({
      in: fileURLToPath(new URL(`../src/${source}`, import.meta.url)),
      out,
    })),
    outdir: directory,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    conditions: ['source'],
    // Less text to keep in every sandbox's memory; names stay for stack traces.
    minifyWhitespace: true,
    minifySyntax: true,
    logLevel: 'silent',
  })
  for (const name of await readdir(KERNELS)) await copyFile(join(KERNELS, name), join(directory, name))
  for (const name of await readdir(directory)) await chmod(join(directory, name), 0o644)
}
