import { exec } from '@drowse/common'
import { formatBytes } from './format-bytes.ts'

/** Disk that a folder with all in it takes; `undefined` when it is not there yet, or a file went away while it was counted. */
export async function diskUse(path: string, options: { timeoutMs?: number } = {}): Promise<string | undefined> {
  const args = ['--summarize', '--one-file-system', '--block-size=1', path]
  return await exec('du', args, options).then(
    ({ stdout }) => formatBytes(Number(stdout.split('\t')[0])),
    () => undefined,
  )
}
