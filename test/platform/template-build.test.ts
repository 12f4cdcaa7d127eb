import { Sandbox } from 'e2b'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { clientEnvironment, drowse, type Installation } from './support/drowse.ts'
import { makeInstallation, removeInstallation } from './support/installation.ts'

/** Far from the shared installation's, whatever its lane is. */
const PLACE = { httpPort: 24_410, httpsPort: 24_443, subnet: '10.236.128.0/18' }

describe('a template that is being built in the background', () => {
  let installation: Installation
  let ownEnv: NodeJS.ProcessEnv

  beforeEach(async () => {
    ownEnv = { ...process.env }
    installation = await makeInstallation(PLACE, {
      DROWSE_BACKGROUND_TEMPLATES: 'code-interpreter-v1',
      DROWSE_POOL_SIZE: '0',
    })
  })
  afterEach(async () => {
    process.env = ownEnv
    // Fails when a process, a mount or a folder of the build is left.
    await removeInstallation(installation)
  })

  it('says so to whoever wants it, keeps nobody else from working, and ends with uninstall', async () => {
    const { stdout } = await drowse(installation, ['up'])
    expect(stdout).toMatch(/code-interpreter-v1: about \d+ min in the background/)
    Object.assign(process.env, await clientEnvironment(installation))

    await expect(Sandbox.create('code-interpreter-v1', { retries: 0 })).rejects.toMatchObject({
      statusCode: 503,
      message: expect.stringMatching(/"code-interpreter-v1": it is being built, about \d+ minutes? left/),
    })
    await using other = await disposable(Sandbox.create())
    expect((await other.sandbox.commands.run('echo works')).stdout).toBe('works\n')
    expect((await drowse(installation, ['template', 'list'])).stdout).toMatch(/code-interpreter-v1 +building/)
    expect((await drowse(installation, ['status'])).stdout).toMatch(/code-interpreter-v1/)

    // Another "up" finds the build and begins no second one.
    expect((await drowse(installation, ['up'])).stdout).toMatch(/code-interpreter-v1 is being built/)
  })
})

/** Kills the sandbox at the end of its scope. */
async function disposable(made: Promise<Sandbox>): Promise<AsyncDisposable & { sandbox: Sandbox }> {
  const sandbox = await made
  return { sandbox, [Symbol.asyncDispose]: async () => void (await sandbox.kill()) }
}
