import { gzipSync } from 'node:zlib'
import * as e2b from 'e2b'
import * as novita from 'novita-sandbox'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { CLIENTS } from '../platform/support/clients.ts'
import { runPythonScenario } from './support/python-scenario.ts'
import { rawGuest, type RawGuest } from './support/raw-rpc.ts'

/** Bytes of an upload that does not fit. */
const TOO_MUCH = 8_000_000
const FOLDER = '/dev/shm/full'
/** Two files that are to stay as they are. */
const RESET = `rm -rf ${FOLDER}; mkdir ${FOLDER}; printf old > ${FOLDER}/kept; head -c 1500000 /dev/zero > ${FOLDER}/part`
/** Leaves about 2 MB. */
const FILL = 'free=$(df --output=avail -B1 /dev/shm | tail -1); head -c $((free - 2000000)) /dev/zero > /dev/shm/filler'
const SPACE_ERRORS = { e2b: e2b.NotEnoughSpaceError, 'novita-sandbox': novita.NotEnoughSpaceError }

describe.each(CLIENTS)('a full disk through $name', ({ name, Sandbox }) => {
  let sandbox: e2b.Sandbox
  let guest: RawGuest
  beforeAll(async () => {
    sandbox = await Sandbox.create({ timeoutMs: 600_000 })
    guest = await rawGuest(sandbox)
    await sandbox.commands.run(`${RESET}; ${FILL}`, { timeoutMs: 60_000 })
  })
  afterAll(() => sandbox.kill())
  beforeEach(async () => {
    await sandbox.commands.run(RESET)
  })

  const upload = async (path: string, headers: Record<string, string>, body: RequestInit['body']): Promise<unknown> => {
    const answer = await guest.fetch(path, { method: 'POST', headers, body: body ?? '' })
    return [answer.status, await answer.json()]
  }
  const left = async (): Promise<string> => (await sandbox.commands.run(`ls -A ${FOLDER}; cat ${FOLDER}/kept`)).stdout
  const full = [507, { code: 507, message: expect.stringContaining('ENOSPC') as string }]
  const octets = { 'Content-Type': 'application/octet-stream' }

  it('is answered with 507 for octets, gzip and forms; files of a form that were whole stay', async () => {
    const large = new Uint8Array(TOO_MUCH)
    expect(await upload(`/files?path=${FOLDER}/new`, octets, large)).toEqual(full)
    const packed = new Uint8Array(gzipSync(large))
    expect(await upload(`/files?path=${FOLDER}/new`, { ...octets, 'Content-Encoding': 'gzip' }, packed)).toEqual(full)
    const form = new FormData()
    form.append('file', new Blob(['small']), `${FOLDER}/small`)
    form.append('file', new Blob([large]), `${FOLDER}/new`)
    form.append('file', new Blob(['late']), `${FOLDER}/late`)
    expect(await upload('/files', {}, form)).toEqual(full)
    expect(await left()).toBe('kept\npart\nsmall\nold')
  })

  it('makes compose leave sources and destination as they were', async () => {
    const parts = Array.from({ length: 3 }, () => `${FOLDER}/part`)
    const body = JSON.stringify({ source_paths: parts, destination: `${FOLDER}/kept` })
    expect(await upload('/files/compose', { 'Content-Type': 'application/json' }, body)).toEqual(full)
    expect(await left()).toBe('kept\npart\nold')
  })

  it("makes write() throw the client's own error, leaves no part, and takes the file once there is room", async () => {
    const data = new Uint8Array(TOO_MUCH).buffer
    const failed = await sandbox.files.write(`${FOLDER}/new`, data).catch((error: unknown) => error)
    expect(failed).toBeInstanceOf(SPACE_ERRORS[name])
    expect(await left()).toBe('kept\npart\nold')
    await sandbox.files.remove('/dev/shm/filler')
    await sandbox.files.write(`${FOLDER}/new`, data)
    expect((await sandbox.files.getInfo(`${FOLDER}/new`)).size).toBe(TOO_MUCH)
  })
})

describe.each(['e2b', 'novita'])('a full disk through the Python package of %s', (vendor) => {
  it.each(['sync', 'async'])('is its own error, %s', async (kind) => {
    await runPythonScenario('full_disk.py', [vendor, kind])
  })
})
