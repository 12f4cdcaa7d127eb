import type { NodeTemplate } from '@drowse/node'
import { DrowseError } from '@drowse/protocol'

/** `[namespace/]name[:tag]`; a name is an id or one of a template's names. */
const REFERENCE = /^((?:[a-z0-9][a-z0-9_.-]*\/)?[a-z0-9][a-z0-9_.-]*)(?::([a-z0-9_.-]+))?$/i
/** The one tag that every template has. */
const DEFAULT_TAG = 'default'
const MAX_LENGTH = 256

/**
 * Finds the template that a client's reference means; names ignore case.
 * Throws "invalid_argument" for a malformed reference and "not_found" for an unknown name or tag.
 */
export function resolveTemplate(templates: readonly NodeTemplate[], reference: string): NodeTemplate {
  const { name, tag } = parseReference(reference)
  const found = findTemplate(templates, name)
  if (found === undefined) {
    const known = templates.map(({ id }) => id).join(', ')
    throw new DrowseError('not_found', `template '${name}' not found${known === '' ? '' : `; there is ${known}`}`)
  }
  if (tag !== DEFAULT_TAG) {
    throw new DrowseError('not_found', `tag '${tag}' does not exist for template '${name}'`)
  }
  return found
}

/** Takes a reference apart; `name` holds the namespace, if there is one. Throws "invalid_argument" for a malformed one. */
export function parseReference(reference: string): { name: string; tag: string } {
  const match = reference.length > MAX_LENGTH ? null : REFERENCE.exec(reference.trim())
  const name = match?.[1]
  if (name !== undefined) return { name, tag: match?.[2] ?? DEFAULT_TAG }
  throw new DrowseError('invalid_argument', `Invalid template reference: "${reference.slice(0, MAX_LENGTH)}"`)
}

/** The template with this id or name. */
export function findTemplate(templates: readonly NodeTemplate[], name: string): NodeTemplate | undefined {
  const wanted = name.toLowerCase()
  return (
    templates.find((template) => template.id === name) ??
    templates.find((template) => template.names.some((known) => known.toLowerCase() === wanted))
  )
}
