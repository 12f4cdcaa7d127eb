import { rm, rmdir } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { deadline, pollUntil } from '@drowse/common'
import { unmountOverlay } from '../layers/overlay-mount.ts'
import { clearEgress } from '../egress/egress.ts'
import { namespacePath, removeLink } from '../network/sandbox-network.ts'
import { slotAddress } from '../network/slot-address.ts'
import { sandboxCgroup } from './cgroups.ts'
import { readContainerState, removeContainerFiles } from './container-state.ts'
import type { GvisorHost } from './gvisor-host.ts'
import { keepTraffic } from './link-traffic.ts'
import { findContainerProcesses, isAlive, killProcess } from './processes.ts'
import { findSandboxRecord, removeSandboxRecord } from './sandbox-record.ts'

/** How long killed processes and their cgroups may take to go, in ms. */
const GONE_TIMEOUT_MS = 15_000

/**
 * Removes everything the host holds for `id`, whatever made it and however far that came: processes, network, mount,
 * cgroups, files. The record goes last, so that a destroy that is cut short can be repeated.
 * Does by hand what `runsc delete` takes more than a second for.
 */
export async function destroySandbox(host: GvisorHost, id: string): Promise<void> {
  const { instance, names, stateDirectory } = host
  const cgroup = sandboxCgroup(instance, id)
  const namespace = names.namespace(id)
  const record = await findSandboxRecord(stateDirectory, id)
  const state = await readContainerState(stateDirectory, id)
  if (record === undefined && state === undefined && !cgroup.exists() && !existsSync(namespacePath(namespace))) return

  await endProcesses(host, id)
  if (record !== undefined) {
    await keepTraffic(record.directory, names.link(record.slot))
    // Its address may be another sandbox's next.
    host.nameProxy?.endConnections(slotAddress(host.sandboxSubnet, record.slot).guest)
  }
  await Promise.all([
    removeLink(namespace, record === undefined ? undefined : names.link(record.slot)),
    record === undefined ? undefined : removeDirectories(record.directory),
    record?.hasEgress === true ? clearEgress({ instance, slot: record.slot }) : undefined,
    pollUntil(async () => ((await cgroup.remove()) ? true : undefined), {
      intervalMs: 2,
      maxIntervalMs: 50,
      signal: deadline(GONE_TIMEOUT_MS, `remove the cgroup of sandbox "${id}"`),
    }),
  ])
  await removeContainerFiles(stateDirectory, id, state)
  await removeSandboxRecord(stateDirectory, id)
}

/** Kills what bears the container's name or lives in its cgroup until nothing does. */
async function endProcesses({ instance, stateDirectory }: GvisorHost, id: string): Promise<void> {
  const cgroup = sandboxCgroup(instance, id)
  let named = await findContainerProcesses({ id, stateDirectory })
  const probe = async (): Promise<true | undefined> => {
    const candidates = [...new Set([...named, ...(await cgroup.processes())])]
    const alive = await Promise.all(candidates.map(async (pid) => ((await isAlive(pid)) ? pid : 0)))
    const pids = alive.filter((pid) => pid !== 0)
    pids.forEach(killProcess)
    if (pids.length > 0) return undefined
    // A killed `runsc create` may have started something since the first look.
    named = await findContainerProcesses({ id, stateDirectory })
    return named.length === 0 ? true : undefined
  }
  await pollUntil(probe, {
    intervalMs: 1,
    maxIntervalMs: 20,
    signal: deadline(GONE_TIMEOUT_MS, `end the processes of sandbox "${id}"`),
  })
}

async function removeDirectories(directory: string): Promise<void> {
  const root = join(directory, 'root')
  await unmountOverlay(root)
  await rm(join(directory, 'bundle'), { recursive: true, force: true })
  // Never recursive: were anything mounted there still, its files would go.
  if (existsSync(root)) await rmdir(root)
}
