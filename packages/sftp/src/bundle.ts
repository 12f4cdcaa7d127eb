import { fileURLToPath } from 'node:url'
import { bundleForGuest } from '@drowse/guest-bundle'

/** Writes the server of files as one ES module that runs on Node 24 alone. */
export async function bundleSftpServer(outFile: string): Promise<void> {
  await bundleForGuest({
    // The sources are next to both `src` and `dist`.
    entryPoints: [fileURLToPath(new URL('../src/main.ts', import.meta.url))],
    outfile: outFile,
    usesRequire: true,
    // Parts that make other uses of the library quicker, and that it does without.
    external: ['cpu-features', '*.node'],
  })
}
