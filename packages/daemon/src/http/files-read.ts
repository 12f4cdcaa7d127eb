import { constants, type Stats } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { basename } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { DrowseError } from '@drowse/protocol'
import { fsError } from '../filesystem/fs-error.ts'
import { acceptedEncoding } from './accept-encoding.ts'
import { parseRange, type ByteRange } from './byte-range.ts'
import { contentType } from './content-type.ts'
import { sendBytes } from './send-bytes.ts'
import { sendProblem } from './send.ts'

/** Files up to this size, in bytes, are sent in one piece. */
const WHOLE_BYTES = 64 * 1024
/** Bytes that are read at a time to be compressed. */
const CHUNK_BYTES = 256 * 1024

/**
 * `GET /files`: sends a file's bytes, or one range of them. Throws "not_found", or "invalid_argument" for what is no file.
 * The stated size is not trusted: files of procfs claim none and are read to their end.
 */
export async function readFile(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const file = await openFile(path)
  try {
    const found = await file.stat()
    if (found.isDirectory()) throw new DrowseError('invalid_argument', `path '${path}' is a directory`)
    if (!found.isFile()) throw new DrowseError('invalid_argument', `path '${path}' is not a regular file`)
    const encoding = acceptedEncoding(request.headers['accept-encoding'])
    if (encoding === undefined)
      return sendProblem(response, 406, 'no acceptable encoding: identity and gzip are offered')
    setHeaders(response, path, found.mtime)
    if (isUnchanged(request, found.mtime)) return void response.writeHead(304).end()
    const range = wantedRange(request, found)
    if (range === 'unsatisfiable') {
      response.setHeader('Content-Range', `bytes */${found.size}`)
      return sendProblem(response, 416, `the range is outside of '${path}'`)
    }
    if (range !== undefined) await sendRange(file, range, found.size, response)
    else if (encoding === 'gzip') await sendCompressed(file, response)
    else if (found.size > WHOLE_BYTES) await sendPart(file, { start: 0, end: found.size - 1 }, response, 200)
    else await sendWhole(file, response)
  } finally {
    await file.close()
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    // Opening a FIFO would wait for its writer otherwise.
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    throw fsError(error, 'read', path)
  }
}

/** A range of a file that is another by now would be a part of nothing. */
function wantedRange({ headers }: IncomingMessage, found: Stats): ByteRange | 'unsatisfiable' | undefined {
  const condition = headers['if-range']
  const isOther = condition !== undefined && condition !== found.mtime.toUTCString()
  return found.size === 0 || isOther ? undefined : parseRange(headers.range, found.size)
}

/** Whether a client's copy is still good. The header has whole seconds. */
function isUnchanged({ headers }: IncomingMessage, modified: Date): boolean {
  const since = Date.parse(headers['if-modified-since'] ?? '')
  return headers['if-none-match'] === undefined && Math.floor(modified.getTime() / 1000) * 1000 <= since
}

function setHeaders(response: ServerResponse, path: string, modified: Date): void {
  response.setHeader('Content-Type', contentType(path))
  response.setHeader('Content-Disposition', `inline; filename*=UTF-8''${encodeURIComponent(basename(path))}`)
  response.setHeader('Last-Modified', modified.toUTCString())
  response.setHeader('Accept-Ranges', 'bytes')
  response.setHeader('Vary', 'Accept-Encoding')
}

/** Reads to the real end, which may be beyond the stated one. */
async function sendWhole(file: FileHandle, response: ServerResponse): Promise<void> {
  const buffer = Buffer.alloc(WHOLE_BYTES + 1)
  let length = 0
  while (length < buffer.length) {
    const { bytesRead } = await file.read(buffer, length, buffer.length - length)
    if (bytesRead === 0) break
    length += bytesRead
  }
  if (length <= WHOLE_BYTES) {
    response.writeHead(200, { 'Content-Length': length }).end(buffer.subarray(0, length))
    return
  }
  response.writeHead(200)
  response.write(buffer)
  await sendBytes(file, response)
  response.end()
}

async function sendCompressed(file: FileHandle, response: ServerResponse): Promise<void> {
  response.writeHead(200, { 'Content-Encoding': 'gzip' })
  // The quickest level: the bytes go over a virtual network.
  await pipeline(
    file.createReadStream({ autoClose: false, highWaterMark: CHUNK_BYTES }),
    createGzip({ level: 1 }),
    response,
  )
}

async function sendRange(file: FileHandle, range: ByteRange, size: number, response: ServerResponse): Promise<void> {
  response.setHeader('Content-Range', `bytes ${range.start}-${range.end}/${size}`)
  await sendPart(file, range, response, 206)
}

async function sendPart(file: FileHandle, range: ByteRange, response: ServerResponse, status: number): Promise<void> {
  const length = range.end - range.start + 1
  response.writeHead(status, { 'Content-Length': length })
  const sent = await sendBytes(file, response, { start: range.start, length })
  // A file that shrank meanwhile must not look complete, nor shift the answers after it on the connection.
  if (sent === length) response.end()
  else response.destroy()
}
