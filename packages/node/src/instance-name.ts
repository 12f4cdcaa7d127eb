import { createHash } from 'node:crypto'

/**
 * Short name of the installation whose data folder is `root`, `[a-z0-9]{6}`: it tells the host resources (links, firewall table, cgroups) of
 * installations on one host apart. The same folder always gives the same name.
 */
export function instanceName(root: string): string {
  return createHash('sha256').update(root).digest('hex').slice(0, 6)
}
