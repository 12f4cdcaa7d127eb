import { exec } from '@drowse/common'
import { tiedCommand } from '../host/tied-command.ts'
import type { StepTools } from '../steps/step.ts'

/** Runs a program that makes a root, tied to this process, and reports how far it is. */
export async function runBuild(
  file: string,
  args: readonly string[],
  timeoutMs: number,
  { report, signal }: StepTools,
): Promise<void> {
  await exec(...tiedCommand(file, args), {
    timeoutMs,
    // The caller's temporary folder and locale mean nothing inside the new root.
    env: { LC_ALL: 'C.UTF-8', TMPDIR: '/tmp' },
    signal,
    onLine: (line) => {
      const words = progressWords(line)
      if (words !== undefined) report(words)
    },
  })
}

/** What a line of mmdebstrap's, apt's, dpkg's or pip's output says of the progress, if anything. */
export function progressWords(line: string): string | undefined {
  const words = /^(?:I: (.+?)(?:\.\.\.)?|((?:Collecting|Downloading|Unpacking|Setting up) \S+|Installing|Compiling).*)$/
  const match = words.exec(line.trim())
  return match?.[1] ?? match?.[2]?.toLowerCase()
}
