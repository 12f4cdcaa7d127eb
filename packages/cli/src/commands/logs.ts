import { setTimeout as sleep } from 'node:timers/promises'
import { open, stat } from 'node:fs/promises'
import { formatLogLine, serviceLogPath, tailServiceLog } from '@drowse/setup'
import { loadContext, requireRoot, type CommandContext, type GlobalOptions } from '../command-context.ts'

/** Options of `drowse logs`. */
export interface LogsOptions extends GlobalOptions {
  follow?: boolean | undefined
  lines: number
  json?: boolean | undefined
}

/** How often, in ms, `--follow` looks for more. */
const FOLLOW_INTERVAL_MS = 250

/** `drowse logs`: shows the end of the service's log, and with `follow` what is added until interrupted. */
export async function logs(command: CommandContext, options: LogsOptions): Promise<void> {
  requireRoot('logs')
  const { folder } = loadContext(command, options)
  const format = options.json === true ? (line: string): string => line : formatLogLine
  const { lines, offset } = await tailServiceLog(folder, options.lines)
  for (const line of lines) command.out.line(format(line))
  if (lines.length === 0 && options.follow !== true) command.err.line(`The log "${serviceLogPath(folder)}" is empty.`)
  if (options.follow !== true) return
  let position = offset
  let rest = ''
  while (!command.signal.aborted) {
    const more = await readFrom(serviceLogPath(folder), position)
    position = more.position
    const parts = (rest + more.text).split('\n')
    rest = parts.pop() ?? ''
    for (const line of parts) command.out.line(format(line))
    await sleep(FOLLOW_INTERVAL_MS)
  }
}

/** Reads what was added since `position`; a file that got shorter is a new one and read from its start. */
async function readFrom(path: string, position: number): Promise<{ text: string; position: number }> {
  const size = await stat(path).then(
    (info) => info.size,
    () => 0,
  )
  const start = size < position ? 0 : position
  if (size === start) return { text: '', position: start }
  const file = await open(path, 'r')
  try {
    const buffer = Buffer.alloc(size - start)
    const { bytesRead } = await file.read(buffer, 0, buffer.length, start)
    return { text: buffer.subarray(0, bytesRead).toString('utf8'), position: start + bytesRead }
  } finally {
    await file.close()
  }
}
