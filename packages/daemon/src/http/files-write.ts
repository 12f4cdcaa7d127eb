import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { DrowseError } from '@drowse/protocol'
import { systemCode } from '../filesystem/fs-error.ts'
import { readParts } from './multipart.ts'
import { sendJson } from './send.ts'
import type { WrittenFile } from './write-file.ts'

/** How the files of an upload are written. */
export interface UploadTarget {
  /** The absolute path that a path of the client means. */
  resolve(path: string): string
  /** Writes one file at an absolute path. */
  write(path: string, content: Readable): Promise<WrittenFile>
}

/**
 * `POST /files`: writes the files of a multipart form, or the raw body as one file, as they stream in.
 * `path` is the query's; it wins over a part's file name. Throws "invalid_argument" for a body that is neither or is broken.
 */
export async function writeFiles(
  path: string | undefined,
  request: IncomingMessage,
  response: ServerResponse,
  target: UploadTarget,
): Promise<void> {
  const contentType = request.headers['content-type'] ?? ''
  const body = decodedBody(request)
  try {
    if (contentType.startsWith('multipart/form-data')) {
      sendJson(response, 200, await writeParts(contentType, body, path, target))
    } else if (contentType.startsWith('application/octet-stream')) {
      if (path === undefined) throw new DrowseError('invalid_argument', 'Cannot write file: query "path" is missing')
      sendJson(response, 200, [await target.write(target.resolve(path), body)])
    } else {
      throw new DrowseError('invalid_argument', `Cannot write file: content type "${contentType}" is not supported`)
    }
  } catch (error) {
    // The writer of the file meets the error of the decoder and wraps it.
    const cause = error instanceof DrowseError ? error.cause : error
    if (systemCode(cause)?.startsWith('Z_')) {
      throw new DrowseError('invalid_argument', 'Cannot write file: the body is not gzip', { cause: error })
    }
    throw error
  } finally {
    // What an unfinished upload still sends is thrown away, so that the answer gets through.
    if (!request.readableEnded) request.unpipe().resume()
  }
}

function decodedBody(request: IncomingMessage): Readable {
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase()
  if (encoding === 'identity' || encoding === '') return request
  if (encoding !== 'gzip') {
    throw new DrowseError('invalid_argument', `Cannot write file: content encoding "${encoding}" is not supported`)
  }
  const gunzip = createGunzip()
  // It may fail before anyone reads; whoever does read gets the error.
  gunzip.on('error', () => undefined)
  request.once('error', (error) => gunzip.destroy(error))
  request.once('aborted', () => gunzip.destroy(new Error('the upload was cut off')))
  return request.pipe(gunzip)
}

async function writeParts(
  contentType: string,
  body: Readable,
  path: string | undefined,
  upload: UploadTarget,
): Promise<WrittenFile[]> {
  const written: WrittenFile[] = []
  await readParts(contentType, body, async (fileName, content) => {
    const asked = path ?? fileName
    if (asked === '') throw new DrowseError('invalid_argument', 'Cannot write file: a part has no file name')
    const target = upload.resolve(asked)
    if (written.some((file) => file.path === target)) {
      const reason = `you cannot upload multiple files to the same path '${target}' in one upload request, only the first specified file was uploaded`
      throw new DrowseError('invalid_argument', reason)
    }
    written.push(await upload.write(target, content))
  })
  if (written.length === 0) throw new DrowseError('invalid_argument', 'Cannot write file: the form has no part "file"')
  return written
}
