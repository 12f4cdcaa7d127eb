import { inspect } from 'node:util'
import type { KernelEvent } from '../kernel/kernel-event.ts'

/** Describes what a cell threw, without the kernel's own frames. */
export function errorEvent(error: unknown): KernelEvent {
  if (!(error instanceof Error)) {
    const value = typeof error === 'string' ? error : inspect(error)
    return { type: 'error', name: 'Error', value, traceback: `Uncaught ${inspect(error)}` }
  }
  const { name, message, stack } = error
  return { type: 'error', name, value: message, traceback: ownFrames(stack ?? `${name}: ${message}`) }
}

/** Cuts a stack where the code that evaluates cells begins. */
function ownFrames(stack: string): string {
  const lines = stack.split('\n')
  const end = lines.findIndex((line) => /^\s+at (Session\.post \(node:inspector|.*javascript-kernel\.mjs)/.test(line))
  return (end === -1 ? lines : lines.slice(0, end)).join('\n')
}
