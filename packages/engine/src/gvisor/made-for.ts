import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { SandboxSpec } from '../engine.ts'
import type { SlotAddress } from '../network/slot-address.ts'

const FILE = 'made-for.json'

/** Everything that a container shell depends on. */
export interface ShellIngredients {
  /** Hash of the runsc binary that made it: only that one can go on with it. */
  build: string
  spec: SandboxSpec
  /** The OCI spec that runsc was given. */
  config: object
  address: SlotAddress
}

/**
 * Notes in a bundle that its container shell is whole, and what it was made for. The last thing that a create does: a shell
 * without the note lacks something, and is of no use.
 */
export async function noteMadeFor(bundle: string, ingredients: ShellIngredients): Promise<void> {
  await writeFile(join(bundle, FILE), JSON.stringify(ingredients), { mode: 0o600 })
}

/** Whether the shell in a bundle is whole and a create would make the very same. */
export async function isMadeFor(bundle: string, ingredients: ShellIngredients): Promise<boolean> {
  try {
    return (await readFile(join(bundle, FILE), 'utf8')) === JSON.stringify(ingredients)
  } catch {
    return false // not there: the create was cut, or the shell is of a version that left no note
  }
}
