import { findForeignSlots, networkNames } from '@drowse/engine'
import { instanceName } from '@drowse/node'
import type { SetupContext } from '../context.ts'
import type { Finding } from './finding.ts'

/** Checks that nobody else on the host uses the addresses of sandboxes. Single ones are left out when sandboxes are made. */
export async function checkSubnet({ config, folder }: SetupContext): Promise<Finding> {
  const name = 'subnet'
  const { sandboxSubnet } = config
  const { count, userOf } = findForeignSlots(sandboxSubnet, networkNames(instanceName(folder.root)).linkPrefix)
  const users = Array.from({ length: count }, (_, slot) => userOf(slot)).filter((user) => user !== undefined)
  const [first] = users
  if (first === undefined) return { name, status: 'ok', detail: `${sandboxSubnet} has room for ${count} sandboxes` }
  const fix = 'Set DROWSE_SUBNET to a network that nothing on this host uses, or remove what uses this one.'
  const isFull = users.length === count
  const detail = `others use ${isFull ? 'all' : users.length} of the ${count} places of ${sandboxSubnet}: ${first}`
  return { name, status: isFull ? 'fail' : 'warn', detail, fix }
}
