import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { exec } from '@drowse/common'
import { setupError, type StepOutcome, type StepTools } from '@drowse/setup'

/** The published Python clients that tests run, and the shell that the code interpreter's Python kernel is made of. */
const REQUIREMENTS = ['e2b==2.63.0', 'e2b-code-interpreter==2.11.5', 'novita-sandbox==2.1.1', 'ipython==9.18.1']
const INSTALL_TIMEOUT_MS = 5 * 60_000

/** The Python of the environment in `directory`. */
export function environmentPython(directory: string): string {
  return join(directory, 'bin', 'python')
}

/** Makes a Python environment with the clients in `directory`, unless it is there. A half-made one is made anew. */
export async function ensurePythonEnvironment(directory: string, { report, signal }: StepTools): Promise<StepOutcome> {
  const stamp = join(directory, '.drowse-stamp')
  const wanted = REQUIREMENTS.join('\n')
  const present = await readFile(stamp, 'utf8').catch(() => '')
  if (present === wanted) return { status: 'kept' }
  await rm(directory, { recursive: true, force: true })
  try {
    report('making the environment')
    await exec('/usr/bin/python3', ['-m', 'venv', directory], { timeoutMs: INSTALL_TIMEOUT_MS, signal })
    report(`installing ${REQUIREMENTS.join(', ')}`)
    const args = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...REQUIREMENTS]
    await exec(environmentPython(directory), args, { timeoutMs: INSTALL_TIMEOUT_MS, signal })
  } catch (error) {
    signal.throwIfAborted()
    throw setupError('Cannot get the Python clients that the tests run', {
      hint: 'Check the network and that /usr/bin/python3 is 3.11 or newer, then run this again.',
      detail: (error as Error).message,
      cause: error,
    })
  }
  await writeFile(stamp, wanted)
  return { status: 'done' }
}
