import { Sandbox } from 'e2b'
import { Sandbox as NovitaSandbox } from 'novita-sandbox'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

let sandbox: Sandbox
let novita: NovitaSandbox

beforeAll(async () => {
  sandbox = await Sandbox.create()
  novita = await NovitaSandbox.create()
})
afterAll(async () => {
  await sandbox.kill()
  await novita.kill()
})

/** The URL as the client makes it, and what a browser or curl would send with it: nothing. The host names the sandbox. */
async function ask(
  from: { sandboxId: string },
  url: string,
  init: RequestInit = {},
): Promise<{ status: number; text: string }> {
  const headers = new Headers(init.headers)
  headers.set('E2b-Sandbox-Id', from.sandboxId)
  headers.set('E2b-Sandbox-Port', '49983')
  const { pathname, search } = new URL(url)
  const response = await fetch(`${process.env['E2B_SANDBOX_URL']}${pathname}${search}`, { ...init, headers })
  return { status: response.status, text: await response.text() }
}

describe.each(['e2b', 'novita-sandbox'] as const)('%s signed URLs', (name) => {
  const one = (): Sandbox => (name === 'e2b' ? sandbox : (novita as unknown as Sandbox))

  it('download and upload without a token, with and without an expiration', async () => {
    await one().files.write('signed.txt', 'signed')
    for (const options of [{}, { useSignatureExpiration: 60 }, { user: 'user' as const }]) {
      expect(await ask(one(), await one().downloadUrl('signed.txt', options))).toEqual({ status: 200, text: 'signed' })
    }
    const form = new FormData()
    form.append('file', new Blob(['up']), 'up.txt')
    const url = await one().uploadUrl('up.txt', { useSignatureExpiration: 60 })
    expect((await ask(one(), url, { method: 'POST', body: form })).status).toBe(200)
    expect(await one().files.read('up.txt')).toBe('up')
    const anyPath = await one().uploadUrl()
    expect((await ask(one(), anyPath, { method: 'POST', body: form })).status).toBe(200)
  })

  it('are refused when expired, changed or used for the other operation', async () => {
    const good = await one().downloadUrl('signed.txt', { useSignatureExpiration: 60 })
    const other = new URL(good)
    other.searchParams.set('path', '/etc/shadow')
    const later = new URL(good)
    later.searchParams.set('signature_expiration', '9999999999')
    const bare = new URL(good)
    bare.searchParams.delete('signature')
    expect(await ask(one(), other.href)).toMatchObject({
      status: 401,
      text: expect.stringContaining('invalid signature'),
    })
    expect((await ask(one(), later.href)).text).toContain('invalid signature')
    expect((await ask(one(), bare.href)).text).toContain('missing signature query parameter')
    const octets = { 'Content-Type': 'application/octet-stream' }
    expect((await ask(one(), good, { method: 'POST', body: 'x', headers: octets })).status).toBe(401)
    const stale = { headers: { 'X-Access-Token': 'wrong' } }
    expect((await ask(one(), good, stale)).text).toContain('access token present in header but does not match')
  })

  it('still hold after a pause', async () => {
    const url = await one().downloadUrl('signed.txt')
    await one().pause()
    await one().connect()
    expect(await ask(one(), url)).toEqual({ status: 200, text: 'signed' })
  })
})

it('an e2b URL may have ended before it began', async () => {
  const url = await sandbox.downloadUrl('signed.txt', { useSignatureExpiration: -10 })
  expect((await ask(sandbox, url)).text).toContain('signature is already expired')
})
