import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod'

/** The first fault of a request as a sentence that names the field; undefined when `error` is no validation error. */
export function describeValidation(error: unknown): string | undefined {
  if (!hasZodFastifySchemaValidationErrors(error)) return undefined
  const issue = error.validation[0]
  if (issue === undefined) return undefined
  const field = issue.instancePath.split('/').filter(Boolean).join('.')
  const message = issue.message ?? 'invalid'
  // Messages of our own schemas are whole sentences; zod's begin with what is wrong and need the field's name.
  if (!/^(Invalid (input|option|string|key|number)|Too (big|small))\b/.test(message)) return message
  return field === ''
    ? `Invalid request body: ${lowerFirst(message)}`
    : `Invalid value of "${field}": ${lowerFirst(message)}`
}

function lowerFirst(text: string): string {
  const rest = text.replace(/^Invalid input: /, '')
  return rest.charAt(0).toLowerCase() + rest.slice(1)
}
