import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { Language } from '../contexts/language.ts'
import { encodeBash, encodeFields, encodeJson } from './encode-command.ts'
import type { KernelCommand } from './kernel-event.ts'

/** Stripping types is young enough in Node for a warning, which is no business of a cell's. */
const NODE_FLAGS = ['--disable-warning=ExperimentalWarning']

/** Figures of matplotlib go to the client. */
const INLINE_FIGURES = 'module://matplotlib_inline.backend_inline'
/** A shell in Java needs few threads and starts in half the time without the second compiler. */
const JAVA_FLAGS = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xshare:auto']

/** How to run the kernel of a language. */
export interface KernelProgram {
  file: string
  args: string[]
  /** Variables on top of what all kernels get. */
  env: Record<string, string>
  /** Descriptor on which the kernel takes commands; standard input is empty unless it is that. */
  commandsOn: 0 | 3
  /** Writes a command as the kernel reads it. */
  encode(command: KernelCommand): string
}

/** What the choice of a kernel program depends on. */
export interface ProgramPlaces {
  /** Folder of the kernels' files. */
  kernels: string
  /** How this Node is run: the program and what goes before a script. */
  node: readonly string[]
  /** PATH of the kernels. */
  path: string
}

/** Gives the program of a language's kernel, or says in a sentence what this sandbox lacks for it. */
export function kernelProgram(language: Language, places: ProgramPlaces): KernelProgram | { missing: string } {
  const at = (...names: string[]): string => join(places.kernels, ...names)
  const run = (
    program: string,
    args: string[],
    encode: KernelProgram['encode'],
    more: Partial<KernelProgram> = {},
  ): KernelProgram | { missing: string } => {
    const file = findOnPath(program, places.path)
    if (file === undefined) return { missing: `"${program}" is not installed in this sandbox` }
    return { file, args, env: {}, commandsOn: 3, encode, ...more }
  }
  switch (language) {
    case 'python':
      return run('python3', [at('python')], encodeJson, { env: { MPLBACKEND: INLINE_FIGURES } })
    case 'javascript':
    case 'typescript': {
      const [file = process.execPath, ...args] = places.node
      return {
        file,
        args: [...args, ...NODE_FLAGS, at('javascript-kernel.mjs'), language],
        env: {},
        commandsOn: 3,
        encode: encodeJson,
      }
    }
    case 'bash':
      // Interactive, since only such a shell goes on with its next command after an interrupt.
      return run('bash', ['--noprofile', '--noediting', '--rcfile', at('bash-kernel.bash'), '-i'], encodeBash, {
        commandsOn: 0,
      })
    case 'r':
      return run('Rscript', ['--vanilla', at('r-kernel.R')], encodeFields)
    case 'java':
      return run('java', [...JAVA_FLAGS, at('JavaKernel.java')], encodeFields)
  }
}

function findOnPath(program: string, path: string): string | undefined {
  return path
    .split(delimiter)
    .filter((directory) => directory !== '')
    .map((directory) => join(directory, program))
    .find((file) => existsSync(file) && isExecutable(file))
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
