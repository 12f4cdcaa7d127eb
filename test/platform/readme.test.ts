import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runNode } from './support/run-node.ts'

const REPOSITORY = join(import.meta.dirname, '..', '..')

describe.each(['e2b', 'novita-sandbox'])("the README's first program, with %s", (client) => {
  it('runs as it stands in a folder of its own', async () => {
    const output = await runNode(await firstProgram(client))
    expect(output).toContain('remember me')
    expect(output).toMatch(/https:\/\/3000-i[a-z0-9]{20}\./)
  })

  it('has a sandbox that sleeps from its pause to its read', async () => {
    const program = await firstProgram(client)
    // The stream of its server has ended, and whatever the client asks after that is answered, once wait() throws.
    const kept = replaceOnce(program, 'await sandbox.commands.run(', 'const server = await sandbox.commands.run(')
    const looks = `await sandbox.pause(); console.log(await server.wait().catch(String)); console.log((await sandbox.getInfo()).state)`
    expect(await runNode(replaceOnce(kept, 'await sandbox.pause()', looks))).toMatch(
      /The sandbox was paused\npaused\nremember me\n/,
    )
  })
})

async function firstProgram(client: string): Promise<string> {
  const readme = await readFile(join(REPOSITORY, 'README.md'), 'utf8')
  const program = /```js\n(.*?)```/s.exec(readme)?.[1] ?? ''
  return replaceOnce(program, "from 'e2b'", `from '${client}'`)
}

/** Replaces the only place where `what` stands; a program that has none is not the one that this test knows. */
function replaceOnce(text: string, what: string, by: string): string {
  expect(text.split(what)).toHaveLength(2)
  return text.replace(what, () => by)
}
