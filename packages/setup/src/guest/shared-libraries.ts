import { exec } from '@drowse/common'

/** The files that a dynamically linked program needs to start: its libraries and the loader, as absolute paths. */
export async function sharedLibraries(program: string): Promise<string[]> {
  const { stdout } = await exec('ldd', [program])
  return parseLdd(stdout)
}

/** Takes the paths out of what `ldd` prints; the kernel's own `linux-vdso` has none. Throws when a library is missing. */
export function parseLdd(text: string): string[] {
  const paths: string[] = []
  for (const line of text.split('\n').map((raw) => raw.trim())) {
    const [, name, resolved] = /^(\S+)(?: => (\S+|not found))?(?: \(0x[0-9a-f]+\))?$/.exec(line) ?? []
    if (name === undefined || name.startsWith('linux-vdso')) continue
    const path = resolved ?? name
    if (!path.startsWith('/')) throw new Error(`no file for the library "${name}"`)
    paths.push(path)
  }
  return paths
}
