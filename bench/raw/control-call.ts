import { connect } from 'node:net'

/** Makes one call over a sandbox's control socket, which speaks JSON without framing. Throws what the sandbox answers as error. */
export async function controlCall(socketPath: string, method: string): Promise<void> {
  const answer = await new Promise<{ success: boolean; err: string }>((resolve, reject) => {
    let text = ''
    const socket = connect(socketPath, () => socket.write(JSON.stringify({ method, arg: null })))
    socket.setTimeout(10_000, () => socket.destroy(new Error(`no answer to ${method}`)))
    socket.on('error', reject)
    socket.on('close', () => reject(new Error(`closed before an answer to ${method}: ${text}`)))
    socket.on('data', (chunk) => {
      text += chunk.toString()
      try {
        resolve(JSON.parse(text) as { success: boolean; err: string })
      } catch {
        return // more is to come
      }
      socket.destroy()
    })
  })
  if (!answer.success) throw new Error(`${method}: ${answer.err}`)
}
