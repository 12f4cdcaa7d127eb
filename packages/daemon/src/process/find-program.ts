import { accessSync, constants, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { DrowseError } from '@drowse/protocol'

/**
 * Finds the file that a command names: a path when it has a slash (from `cwd`), else the first executable along `searchPath`.
 * Throws "invalid_argument" when there is none. It looks directly: a trip to Node's thread pool for each folder would take longer.
 */
export function findProgram(command: string, searchPath: string, cwd: string): string {
  if (command === '') throw new DrowseError('invalid_argument', 'Cannot start process: the command is empty')
  if (command.includes('/')) {
    const file = resolve(cwd, command)
    if (isExecutable(file)) return file
    const reason = exists(file) ? 'permission denied' : 'no such file or directory'
    throw new DrowseError('invalid_argument', `Cannot start process "${command}": fork/exec ${command}: ${reason}`)
  }
  for (const directory of searchPath.split(':')) {
    const file = resolve(cwd, directory, command)
    if (isExecutable(file)) return file
  }
  const reason = `exec: "${command}": executable file not found in $PATH`
  throw new DrowseError('invalid_argument', `Cannot start process "${command}": ${reason}`)
}

function isExecutable(file: string): boolean {
  try {
    // Root passes any access check but that of a file with no execute bit at all; a directory has those too.
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}

function exists(file: string): boolean {
  try {
    return statSync(file, { throwIfNoEntry: false }) !== undefined
  } catch {
    return false
  }
}
