import { chmod, mkdir, realpath, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { DrowseError } from '@drowse/protocol'
import type { BootReport, SandboxSpec } from '../engine.ts'
import { mountOverlay } from '../layers/overlay-mount.ts'
import { applyEgress } from '../egress/egress.ts'
import {
  addressGuestEnd,
  createLink,
  namespacePath,
  sandboxLink,
  type SandboxLink,
} from '../network/sandbox-network.ts'
import { slotAddress } from '../network/slot-address.ts'
import { sandboxCgroup } from './cgroups.ts'
import type { GvisorHost } from './gvisor-host.ts'
import { isMadeFor, noteMadeFor, type ShellIngredients } from './made-for.ts'
import { ociSpec } from './oci-spec.ts'
import { writeSandboxRecord } from './sandbox-record.ts'
import { readSandboxStatus } from './sandbox-status.ts'

const CREATE_TIMEOUT_MS = 60_000
/**
 * Memory that the host lets the Sentry and gofer use on top of the guest's, in MiB. With a guest of 16 MB as with one of 315 MB
 * they held 19 MB beside it; the rest is room for page tables, buffers and the image's bulk load.
 */
const SENTRY_HEADROOM_MB = 256

/** Makes the parts of a sandbox in the order in which they need each other. Leaves what it made when it fails. */
export async function createSandbox(host: GvisorHost, spec: SandboxSpec, signal: AbortSignal): Promise<void> {
  const { id, limits } = spec
  const { link, bundle, ingredients } = await makeSurroundings(host, spec, signal)
  // The container shell needs the namespace but not the address in it.
  const shell = host.runsc({
    args: ['create', `--bundle=${bundle}`, id],
    logFile: join(bundle, 'create.log'),
    timeoutMs: CREATE_TIMEOUT_MS,
    signal,
  })
  await allSettledOrThrow([shell, addressGuestEnd(link)])
  const cgroup = sandboxCgroup(host.instance, id)
  await cgroup.limitMemory((limits.memoryMb + SENTRY_HEADROOM_MB) * 1024 * 1024)
  await noteMadeFor(bundle, ingredients)
}

/** Boots a sandbox in the foreground and reports. Leaves what it made. */
export async function watchBoot(
  host: GvisorHost,
  spec: SandboxSpec,
  { watchMs, signal }: { watchMs: number; signal: AbortSignal },
): Promise<BootReport> {
  const { link, bundle } = await makeSurroundings(host, spec, signal)
  await addressGuestEnd(link)
  return await host.runsc.watch({
    args: ['run', `--bundle=${bundle}`, spec.id],
    logFile: join(bundle, 'run.log'),
    timeoutMs: watchMs,
    signal,
  })
}

/** Makes all that a container is put into: network, root, bundle and rules. */
async function makeSurroundings(
  host: GvisorHost,
  spec: SandboxSpec,
  signal: AbortSignal,
): Promise<{ link: SandboxLink; bundle: string; ingredients: ShellIngredients }> {
  const { id, network } = spec
  if (!/^[a-z0-9-]{1,63}$/.test(id)) throw new DrowseError('invalid_argument', `Cannot create sandbox "${id}": bad id`)
  const link = linkOf(host, spec)
  await mkdir(spec.directory, { recursive: true, mode: 0o700 })
  const directory = await realpath(spec.directory)
  const [rootDirectory, bundle] = [join(directory, 'root'), join(directory, 'bundle')]
  await writeSandboxRecord(host.stateDirectory, id, {
    directory,
    slot: network.slot,
    hasEgress: spec.egress !== undefined,
  })
  signal.throwIfAborted()

  const ingredients = ingredientsOf(host, spec, rootDirectory)
  await allSettledOrThrow([
    createLink(link),
    prepareRoot(spec, rootDirectory),
    prepareBundle(bundle, ingredients.config),
    putEgress(host, spec),
  ])
  signal.throwIfAborted()
  return { link, bundle, ingredients }
}

/** Whether a whole container shell is there that was made for this very spec, and has had no processes yet. */
export async function hasShellFor(host: GvisorHost, spec: SandboxSpec): Promise<boolean> {
  const { status, bundle } = await readSandboxStatus(host, spec.id)
  return status === 'created' && (await isMadeFor(bundle, ingredientsOf(host, spec, join(dirname(bundle), 'root'))))
}

function linkOf(host: GvisorHost, { id, network }: SandboxSpec): SandboxLink {
  return sandboxLink(host.names, id, network.slot, slotAddress(host.sandboxSubnet, network.slot))
}

function ingredientsOf(host: GvisorHost, spec: SandboxSpec, rootDirectory: string): ShellIngredients {
  const { namespace, address } = linkOf(host, spec)
  const config = ociSpec(spec, {
    rootDirectory,
    networkNamespace: namespacePath(namespace),
    cgroupPath: sandboxCgroup(host.instance, spec.id).path,
  })
  return { build: host.build, spec, config, address }
}

async function putEgress({ instance, nameProxy }: GvisorHost, { network, egress }: SandboxSpec): Promise<void> {
  if (egress !== undefined) await applyEgress({ instance, slot: network.slot }, egress, nameProxy?.ports)
}

async function prepareRoot(spec: SandboxSpec, mountPoint: string): Promise<void> {
  const { layers, upperDirectory, workDirectory } = spec
  await Promise.all([mountPoint, workDirectory].map((path) => mkdir(path, { recursive: true, mode: 0o700 })))
  // A new upper directory's mode becomes that of the guest's "/", where every user has to get through.
  if ((await mkdir(upperDirectory, { recursive: true })) !== undefined) await chmod(upperDirectory, 0o755)
  await mountOverlay({ layers, upperDirectory, workDirectory, mountPoint })
}

async function prepareBundle(bundle: string, config: object): Promise<void> {
  await mkdir(bundle, { recursive: true, mode: 0o700 })
  await writeFile(join(bundle, 'config.json'), JSON.stringify(config), { mode: 0o600 })
}

/** Waits for all, also when one fails: whoever cleans up must not race with work that goes on. */
async function allSettledOrThrow(work: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(work)).find((result) => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}
