import { loadKoffi, type ForeignFunction } from './load-koffi.ts'

/** Functions of the C library by the names that a caller gave them, and the errno of the last call of any. */
export type BoundLibc<Name extends string> = Readonly<Record<Name, ForeignFunction>> & { errno(): number }

/** Finds functions in the C library that this process runs on, each by its definition in C. */
export function bindLibc<Name extends string>(definitions: Readonly<Record<Name, string>>): BoundLibc<Name> {
  const koffi = loadKoffi()
  const library = koffi.load('libc.so.6')
  const functions = Object.entries<string>(definitions).map(([name, text]) => [name, library.func(text)] as const)
  return {
    // Built from the keys of `definitions`.
    ...(Object.fromEntries(functions) as Record<Name, ForeignFunction>),
    errno: () => koffi.errno(),
  }
}
