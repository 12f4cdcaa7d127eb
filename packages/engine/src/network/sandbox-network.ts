import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { exec } from '@drowse/common'
import { DrowseError } from '@drowse/protocol'
import type { NetworkNames } from './network-names.ts'
import type { SlotAddress } from './slot-address.ts'

/** Where `ip netns` keeps its names. */
const NAMESPACE_DIRECTORY = '/run/netns'
const TIMEOUT_MS = 15_000

/** The parts that {@link createLink} makes for one sandbox. */
export interface SandboxLink {
  /** Name of the namespace. */
  namespace: string
  /** Name of the host's end. */
  link: string
  address: SlotAddress
}

/** Path of a network namespace, for an OCI spec. */
export function namespacePath(namespace: string): string {
  return join(NAMESPACE_DIRECTORY, namespace)
}

/** Describes the network of sandbox `id` in the slot that `address` was computed for. */
export function sandboxLink(names: NetworkNames, id: string, slot: number, address: SlotAddress): SandboxLink {
  return { namespace: names.namespace(id), link: names.link(slot), address }
}

/**
 * Makes the namespace and the host's end of its link, up and with its address.
 * The guest's end is `eth0` inside, still without address: {@link addressGuestEnd} gives it one.
 */
export async function createLink({ namespace, link, address }: SandboxLink): Promise<void> {
  // No link-local IPv6 on either end: sandboxes speak IPv4 only, and the firewall drops the rest.
  await batch(
    [],
    [
      `netns add ${namespace}`,
      `link add ${link} type veth peer name eth0 netns ${namespace}`,
      `link set ${link} addrgenmode none`,
      `addr add ${address.host}/${address.prefixLength} dev ${link}`,
      `link set ${link} up`,
    ],
  )
}

/**
 * Gives the guest's end its address and default route.
 * runsc moves both into the sandbox when it starts or restores one, so each container shell needs this once.
 */
export async function addressGuestEnd({ namespace, address }: SandboxLink): Promise<void> {
  await batch(
    ['-n', namespace],
    [
      'link set lo up',
      'link set eth0 addrgenmode none',
      `addr replace ${address.guest}/${address.prefixLength} dev eth0`,
      'link set eth0 up',
      `route replace default via ${address.host}`,
    ],
  )
}

/** Removes the link (when its name is known) and the namespace. Idempotent, also on half-made ones. */
export async function removeLink(namespace: string, link: string | undefined): Promise<void> {
  const path = namespacePath(namespace)
  const hasLink = link !== undefined && linkExists(link)
  const hasNamespace = existsSync(path)
  if (!hasLink && !hasNamespace) return
  // The kernel removes a namespace's links some time after the namespace; removing the link itself first
  // means that its name is free again when this returns.
  const commands = [...(hasLink ? [`link del ${link}`] : []), ...(hasNamespace ? [`netns del ${namespace}`] : [])]
  try {
    await batch(['-force'], commands)
  } catch (error) {
    // A name that is no mount point any more (its mount went with another mount namespace) is only a file.
    if (existsSync(path)) await rm(path, { force: true })
    if ((link !== undefined && linkExists(link)) || existsSync(path)) throw error
  }
}

function linkExists(link: string): boolean {
  return existsSync(join('/sys/class/net', link))
}

async function batch(options: readonly string[], commands: readonly string[]): Promise<void> {
  try {
    await exec('ip', [...options, '-batch', '-'], { input: `${commands.join('\n')}\n`, timeoutMs: TIMEOUT_MS })
  } catch (error) {
    throw new DrowseError('exec_failed', `Cannot run ip commands [${commands.join('; ')}]: ${messageOf(error)}`, {
      cause: error,
    })
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
