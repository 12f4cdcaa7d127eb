import type { Sandbox } from 'e2b'

/**
 * Starts a command in the background and lets its output go. A client that holds a stream asks for the sandbox's health when a pause cuts
 * that, and so wakes one with autoResume again.
 */
export async function startQuietly(sandbox: Sandbox, command: string): Promise<number> {
  const handle = await sandbox.commands.run(command, { background: true, timeoutMs: 0 })
  await handle.disconnect()
  return handle.pid
}
