import type { Readable } from 'node:stream'
import { Busboy } from '@fastify/busboy'
import { DrowseError } from '@drowse/protocol'

/**
 * Reads a multipart form and hands each file part named `file` to `onFile`, one after the other, with backpressure down to the
 * socket; other parts are skipped. File names keep their folders. Throws what `onFile` threw, or "invalid_argument" for a
 * form that is malformed or cut off; no part is handed on after that.
 */
export async function readParts(
  contentType: string,
  body: Readable,
  onFile: (fileName: string, content: Readable) => Promise<void>,
): Promise<void> {
  const parser = createParser(contentType)
  const { promise: parsed, resolve, reject } = Promise.withResolvers<void>()
  let current: Readable | undefined
  let turn = Promise.resolve()
  parser.on('file', (_field, content, fileName) => {
    current = content
    // Whoever writes the file sees the error; nobody else need.
    content.on('error', () => undefined)
    turn = turn.then(() => onFile(fileName ?? '', content)).catch(reject)
  })
  // The last of them may fail when the form has ended.
  parser.once('finish', () => void turn.then(resolve))
  parser.on('error', (error) => reject(malformed(error)))
  body.once('error', (error) => reject(malformed(error)))
  body.once('close', () => {
    if (!body.readableEnded) reject(malformed(new Error('the body was cut off')))
  })
  body.pipe(parser)
  try {
    await parsed
  } catch (error) {
    body.unpipe(parser)
    current?.destroy(DrowseError.from(error))
    throw error
  } finally {
    await turn
  }
}

function createParser(contentType: string): Busboy {
  try {
    return new Busboy({
      headers: { 'content-type': contentType },
      preservePath: true,
      isPartAFile: (field) => field === 'file',
      limits: { fieldSize: 64 * 1024, fields: 1_000 },
    })
  } catch (error) {
    throw malformed(error)
  }
}

function malformed(error: unknown): DrowseError {
  const reason = error instanceof Error ? error.message : String(error)
  return new DrowseError('invalid_argument', `Cannot read form: ${reason}`, { cause: error })
}
