import { join } from 'node:path'
import type { Language } from '../contexts/language.ts'
import { encodeBash, encodeFields, encodeJson } from './encode-command.ts'
import { findOnPath } from './find-on-path.ts'
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

/** Gives the program of a language's kernel, or says in a phrase what this sandbox lacks for it. */
export function kernelProgram(language: Language, places: ProgramPlaces): KernelProgram | { missing: string } {
  const at = (...names: string[]): string => join(places.kernels, ...names)
  const node = (): KernelProgram => {
    const [file = process.execPath, ...args] = places.node
    const script = [at('javascript-kernel.mjs'), language]
    return { file, args: [...args, ...NODE_FLAGS, ...script], env: {}, commandsOn: 3, encode: encodeJson }
  }
  const onPath = (
    program: string,
    args: string[],
    rest: Pick<KernelProgram, 'encode'> & Partial<KernelProgram>,
  ): KernelProgram | { missing: string } => {
    const file = findOnPath(program, places.path)
    if (file === undefined) return { missing: `"${program}" is not installed in this sandbox` }
    return { file, args, env: {}, commandsOn: 3, ...rest }
  }
  const programs: Readonly<Record<Language, () => KernelProgram | { missing: string }>> = {
    python: () => onPath('python3', [at('python')], { encode: encodeJson, env: { MPLBACKEND: INLINE_FIGURES } }),
    javascript: node,
    typescript: node,
    // Interactive, since only such a shell goes on with its next command after an interrupt.
    bash: () =>
      onPath('bash', ['--noprofile', '--noediting', '--rcfile', at('bash-kernel.bash'), '-i'], {
        encode: encodeBash,
        commandsOn: 0,
      }),
    r: () => onPath('Rscript', ['--vanilla', at('r-kernel.R')], { encode: encodeFields }),
    java: () => onPath('java', [...JAVA_FLAGS, at('JavaKernel.java')], { encode: encodeFields }),
  }
  return programs[language]()
}
