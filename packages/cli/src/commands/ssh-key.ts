import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { DrowseError } from '@drowse/protocol'
import { z } from 'zod'
import { callApi, findApi } from '../api-access.ts'
import type { CommandContext, GlobalOptions } from '../command-context.ts'

const keySchema = z.object({ id: z.string(), name: z.string(), type: z.string(), fingerprint: z.string() })
const doorSchema = z.object({
  port: z.number(),
  hostKey: z.object({ publicKey: z.string(), fingerprint: z.string() }),
})

/** `drowse ssh-key add`: lets whoever has the private half of a key into the team's sandboxes. `-` reads standard input. */
export async function sshKeyAdd(
  command: CommandContext,
  file: string,
  options: GlobalOptions & { name?: string | undefined },
): Promise<void> {
  const api = await findApi(command, options, 'ssh-key add')
  const publicKey = await readPublicKey(file)
  const { name } = options
  const body = { publicKey, ...(name === undefined ? {} : { name }) }
  const key = keySchema.parse(await callApi(api, '/ssh-keys', { method: 'POST', body }))
  command.out.line(`added ${keyLine(key)}`)
}

/** `drowse ssh-key list`: the team's keys. */
export async function sshKeyList(command: CommandContext, options: GlobalOptions): Promise<void> {
  const api = await findApi(command, options, 'ssh-key list')
  for (const key of z.array(keySchema).parse(await callApi(api, '/ssh-keys'))) command.out.line(keyLine(key))
}

/** `drowse ssh-key remove`: takes a key away, and cuts what it opened. */
export async function sshKeyRemove(command: CommandContext, which: string, options: GlobalOptions): Promise<void> {
  const api = await findApi(command, options, 'ssh-key remove')
  const keys = z.array(keySchema).parse(await callApi(api, '/ssh-keys'))
  const key = keys.find(({ id, fingerprint }) => id === which || fingerprint === which)
  if (key === undefined) {
    throw new DrowseError('not_found', `There is no SSH key "${which}"`, {
      details: { hint: 'Give an id or a fingerprint as "drowse ssh-key list" shows it.' },
    })
  }
  await callApi(api, `/ssh-keys/${encodeURIComponent(key.id)}`, { method: 'DELETE' })
  command.out.line(`removed ${keyLine(key)}`)
}

/** `drowse ssh-key host`: where the SSH door is and by which key to know it. */
export async function sshKeyHost(command: CommandContext, options: GlobalOptions): Promise<void> {
  const api = await findApi(command, options, 'ssh-key host')
  const { port, hostKey } = doorSchema.parse(await callApi(api, '/ssh'))
  const { hostname } = new URL(api.url)
  command.out.line(`fingerprint  ${hostKey.fingerprint}`)
  command.out.line(`known_hosts  [${hostname.replace(/^\[|\]$/g, '')}]:${port} ${hostKey.publicKey}`)
  command.out.line(`connect      ssh -p ${port} <sandbox id>@${hostname.replace(/^\[|\]$/g, '')}`)
}

async function readPublicKey(file: string): Promise<string> {
  try {
    return file === '-' ? await text(process.stdin) : await readFile(file, 'utf8')
  } catch (error) {
    throw new DrowseError('invalid_argument', `Cannot read "${file}": ${(error as Error).message}`, {
      details: { hint: 'Give a ".pub" file; "ssh-keygen -t ed25519" makes one.' },
      cause: error,
    })
  }
}

function keyLine({ id, type, fingerprint, name }: z.infer<typeof keySchema>): string {
  return `${id}  ${type}  ${fingerprint}  ${name}`.trimEnd()
}
