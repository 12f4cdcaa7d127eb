import type { IncomingMessage, ServerResponse } from 'node:http'
import { DrowseError } from '@drowse/protocol'
import type { Context } from '../contexts/context.ts'
import type { ContextRegistry } from '../contexts/context-registry.ts'
import { requestedLanguage } from './contexts.ts'
import { optionalText, readBody, textMap } from './read-body.ts'
import { responseSink } from './response-sink.ts'

/** `POST /execute`: runs code in a context and streams what comes of it. */
export async function execute(
  registry: ContextRegistry,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await readBody(request)
  const code = optionalText(body, 'code')
  if (code === undefined) throw new DrowseError('unprocessable', 'Cannot run code: the request has no "code"')
  const env = textMap(body, 'env_vars')
  const context = await chosenContext(registry, body)
  const token = request.headers['x-access-token']
  using sink = responseSink(response)
  await context.execute({ code, env, accessToken: typeof token === 'string' ? token : undefined }, sink)
}

function chosenContext(registry: ContextRegistry, body: Readonly<Record<string, unknown>>): Promise<Context> | Context {
  const id = optionalText(body, 'context_id') ?? ''
  const language = optionalText(body, 'language') ?? ''
  if (id === '') return registry.default(requestedLanguage(language))
  if (language !== '') throw new DrowseError('invalid_argument', 'Only one of context_id or language can be provided')
  return registry.get(id)
}
