import { stat } from 'node:fs/promises'
import { DrowseError } from '@drowse/protocol'
import type { ContextInfo } from '../contexts/context.ts'
import type { ContextRegistry } from '../contexts/context-registry.ts'
import { findLanguage, LANGUAGES, type Language } from '../contexts/language.ts'
import { optionalText } from './read-body.ts'

/** Finds the language that a request names. Throws a 400 when there is no such one. */
export function requestedLanguage(name: string | undefined): Language {
  const language = findLanguage(name)
  if (language !== undefined) return language
  throw new DrowseError('invalid_argument', `Cannot run language "${name}": this sandbox knows ${LANGUAGES.join(', ')}`)
}

/** `POST /contexts`: makes a context and answers once its kernel takes cells. */
export async function createContext(
  registry: ContextRegistry,
  body: Readonly<Record<string, unknown>>,
): Promise<ContextInfo> {
  const language = requestedLanguage(optionalText(body, 'language'))
  const cwd = optionalText(body, 'cwd') || undefined
  if (cwd !== undefined && !(await isFolder(cwd))) {
    throw new DrowseError('invalid_argument', `Cannot create a context in "${cwd}": no such folder`)
  }
  return (await registry.create(language, cwd)).info
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
}
