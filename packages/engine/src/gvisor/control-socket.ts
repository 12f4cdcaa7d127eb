import { connect } from 'node:net'
import { DrowseError } from '@drowse/protocol'
import { z } from 'zod'

/** Most bytes of an answer; a stack dump of a thousand tasks is about 3 MB. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024

const answerSchema = z.object({ success: z.boolean(), err: z.string(), result: z.unknown() })

/** One call over a sandbox's control socket. */
export interface ControlCall {
  /** Path of the socket. */
  socketPath: string
  method: string
  arg?: unknown
  timeoutMs: number
  signal?: AbortSignal
}

/**
 * Calls a method of the Sentry that needs no file descriptors and returns its result.
 * Takes 0.3 ms where the CLI takes 25. Throws "engine_failed" when the Sentry refuses, is gone or gives no answer in time.
 */
export async function callControl({ socketPath, method, arg, timeoutMs, signal }: ControlCall): Promise<unknown> {
  const answer = await new Promise<z.infer<typeof answerSchema>>((resolve, reject) => {
    const fail = (why: string, cause?: unknown): void => {
      socket.destroy()
      reject(new DrowseError('engine_failed', `Cannot call "${method}" of the sandbox: ${why}`, { cause }))
    }
    const socket = connect({ path: socketPath, ...(signal === undefined ? {} : { signal }) })
    const timer = setTimeout(() => fail(`no answer after ${timeoutMs} ms`), timeoutMs)
    let text = ''
    socket.setEncoding('utf8')
    socket.on('connect', () => socket.write(JSON.stringify({ method, arg: arg ?? null })))
    socket.on('data', (chunk: string) => {
      text += chunk
      if (text.length > MAX_ANSWER_BYTES) fail('the answer is too long')
      // The answer has no framing: it is complete when it parses, and it can only parse where an object ends.
      if (!text.trimEnd().endsWith('}')) return
      const parsed = parseAnswer(text)
      if (parsed === undefined) return
      socket.destroy()
      resolve(parsed)
    })
    socket.on('error', (error) => fail(error.message, error))
    socket.on('close', () => {
      clearTimeout(timer)
      fail('the connection closed')
    })
  })
  if (!answer.success) throw new DrowseError('engine_failed', `Cannot call "${method}" of the sandbox: ${answer.err}`)
  return answer.result
}

function parseAnswer(text: string): z.infer<typeof answerSchema> | undefined {
  try {
    return answerSchema.parse(JSON.parse(text.trim()))
  } catch {
    return undefined // more is to come
  }
}
