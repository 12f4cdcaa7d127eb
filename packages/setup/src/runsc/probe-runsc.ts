import { exec } from '@drowse/common'

/** The verb that tells a runsc with all that Drowse uses from older ones. */
const NEEDED_VERB = 'fscheckpoint'

/** Tells why a runsc cannot be used on this host, as the end of a sentence, or `undefined` when it can. Needs root. */
export async function runscProblem(path: string): Promise<string | undefined> {
  try {
    const { stdout } = await exec(path, ['help'], { timeoutMs: 10_000 })
    if (!hasVerb(stdout, NEEDED_VERB)) return `it is too old (no "${NEEDED_VERB}" command)`
  } catch (error) {
    return `it does not start: ${(error as Error).message}`
  }
  try {
    await exec(path, ['--platform=systrap', '--network=none', '--ignore-cgroups', 'do', '--quiet', 'true'], {
      timeoutMs: 30_000,
    })
    return undefined
  } catch (error) {
    return `it cannot start a sandbox: ${(error as Error).message}`
  }
}

/** Whether the text of `runsc help` lists a command. */
function hasVerb(help: string, verb: string): boolean {
  return help.split('\n').some((line) => line.trim().split(/\s+/)[0] === verb)
}
