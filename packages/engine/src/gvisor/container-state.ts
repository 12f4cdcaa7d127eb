import { readFile, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'

const SUFFIX = '.state'

const stateSchema = z.object({
  /** As the CLI last knew it: calls over the control socket do not change it. */
  status: z.string(),
  goferPid: z.number().default(0),
  sandbox: z.object({ pid: z.number(), controlSocketPath: z.string() }),
})

/** What runsc wrote about a container. */
export interface ContainerState {
  status: string
  goferPid: number
  sandboxPid: number
  controlSocketPath: string
}

/** Reads runsc's state file; `undefined` when there is none that makes sense. */
export async function readContainerState(stateDirectory: string, id: string): Promise<ContainerState | undefined> {
  try {
    const parsed: unknown = JSON.parse(await readFile(statePath(stateDirectory, id), 'utf8'))
    const { status, goferPid, sandbox } = stateSchema.parse(parsed)
    return { status, goferPid, sandboxPid: sandbox.pid, controlSocketPath: sandbox.controlSocketPath }
  } catch {
    return undefined // absent, or cut short by a crash: a leftover in both cases
  }
}

/** Ids that have a state file. */
export async function listContainerIds(stateDirectory: string): Promise<string[]> {
  const names = await readdir(stateDirectory)
  return names.flatMap((name) => /^(.+)_sandbox:\1\.state$/.exec(name)?.[1] ?? [])
}

/** Removes every file that runsc keeps for a container. Idempotent. */
export async function removeContainerFiles(
  stateDirectory: string,
  id: string,
  state: ContainerState | undefined,
): Promise<void> {
  const stem = statePath(stateDirectory, id).slice(0, -SUFFIX.length)
  const paths = [`${stem}.lock`, join(stateDirectory, `runsc-${id}.sock`), `${stem}${SUFFIX}`]
  if (state !== undefined) paths.unshift(state.controlSocketPath)
  for (const path of paths) await rm(path, { force: true })
}

function statePath(stateDirectory: string, id: string): string {
  return join(stateDirectory, `${id}_sandbox:${id}${SUFFIX}`)
}
