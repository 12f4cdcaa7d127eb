import { Sandbox } from 'e2b'
import { Sandbox as NovitaSandbox } from 'novita-sandbox'
import { expect, it } from 'vitest'

// As a browser or curl asks for them: the client's URL and nothing else. E2B's are below one URL for all sandboxes (E2B_SANDBOX_URL).
const CLIENTS = [
  ['e2b', Sandbox],
  ['novita-sandbox', NovitaSandbox as unknown as typeof Sandbox],
] as const

it.each(CLIENTS)('signed URLs of %s work as they are, also for a sandbox that sleeps', async (_, Client) => {
  const sandbox = await Client.create({ lifecycle: { onTimeout: 'pause', autoResume: true } })
  try {
    const form = new FormData()
    form.append('file', 'file content')
    const upload = await sandbox.uploadUrl('demo.txt', { useSignatureExpiration: 600 })
    expect((await fetch(upload, { method: 'POST', body: form })).status).toBe(200)
    await sandbox.pause()
    const download = await sandbox.downloadUrl('demo.txt', { useSignatureExpiration: 600 })
    expect(await (await fetch(download)).text()).toBe('file content')
    const forged = new URL(download)
    forged.searchParams.set('path', '/etc/passwd')
    expect((await fetch(forged)).status).toBeGreaterThanOrEqual(401)
  } finally {
    await sandbox.kill()
  }
})
