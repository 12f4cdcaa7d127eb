import { chmod, cp, mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleForGuest } from '@drowse/guest-bundle'

/** Kernels in other languages than this one; they run as they are. */
const KERNELS = fileURLToPath(new URL('../kernels/', import.meta.url))

/** Programs of the folder and their sources. */
const PROGRAMS = {
  interpreter: 'main.ts',
  'javascript-kernel': 'javascript/kernel-main.ts',
}

/**
 * Writes the code interpreter into `directory`, which is made: `interpreter.mjs` (the server, one ES module for Node 24 alone) and, beside it,
 * the files that it starts kernels from. All are readable by every user.
 */
export async function bundleInterpreter(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o755 })
  await bundleForGuest({
    // The sources are next to both `src` and `dist`.
    entryPoints: Object.entries(PROGRAMS).map(([out, source]) => ({
      in: fileURLToPath(new URL(`../src/${source}`, import.meta.url)),
      out,
    })),
    outdir: directory,
    outExtension: { '.js': '.mjs' },
  })
  // Python leaves its compiled files beside those that it was run from.
  await cp(KERNELS, directory, { recursive: true, filter: (path) => !path.endsWith('__pycache__') })
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    await chmod(join(entry.parentPath, entry.name), entry.isDirectory() ? 0o755 : 0o644)
  }
}
