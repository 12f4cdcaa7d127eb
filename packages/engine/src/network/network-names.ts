import { DrowseError } from '@drowse/protocol'

/** Host-side names of one installation's network parts. */
export interface NetworkNames {
  /** Name of a sandbox's network namespace, under `/run/netns`. */
  namespace(id: string): string
  /** Name of the host's end of a slot's link; at most 15 characters, the kernel's limit. */
  link(slot: number): string
  /** What the name of every {@link NetworkNames.link} of this installation begins with, and of no other one's. */
  linkPrefix: string
  /** Pattern that matches every {@link NetworkNames.link} of this installation in an nftables rule. */
  linkPattern: string
  /** Name of the nftables table. */
  table: string
}

/** Pattern that matches the links of every installation on the host. */
export const ANY_INSTANCE_LINK_PATTERN = 'dw*'

/**
 * Names the network parts of the installation `instance` (`[a-z0-9]{1,6}`), so that several can share a host.
 * Throws "invalid_argument" for another shape.
 */
export function networkNames(instance: string): NetworkNames {
  if (!/^[a-z0-9]{1,6}$/.test(instance)) {
    throw new DrowseError('invalid_argument', `Cannot use instance name "${instance}": want 1 to 6 of a-z and 0-9`)
  }
  const linkPrefix = `dw${instance}-`
  return {
    namespace: (id) => `drowse-${instance}-${id}`,
    link: (slot) => `${linkPrefix}${slot}`,
    linkPrefix,
    linkPattern: `${linkPrefix}*`,
    table: `drowse_${instance}`,
  }
}
