import { copyFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleForGuest } from '@drowse/guest-bundle'
import { NATIVE_FILE, nativeFile } from './process/native/load-koffi.ts'

/** Writes the whole daemon as one ES module that runs on Node 24, and beside it the one native file that it loads. Returns the paths of both. */
export async function bundleDaemon(outFile: string): Promise<string[]> {
  await bundleForGuest({
    // The sources are next to both `src` and `dist`.
    entryPoints: [fileURLToPath(new URL('../src/main.ts', import.meta.url))],
    outfile: outFile,
    usesRequire: true,
  })
  const native = join(dirname(outFile), NATIVE_FILE)
  await copyFile(nativeFile(), native)
  return [outFile, native]
}
