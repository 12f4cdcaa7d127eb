import { z } from 'zod'
import type { NetworkUpdate } from '../../sandboxes/network.ts'
import { checkEgress, egressFields, keptEgress } from './network.ts'
import { requestBody } from './request-body.ts'

/** Body of `PUT /sandboxes/:sandboxID/network` (wire.md §1.3). */
export const updateNetworkBody = requestBody({ ...egressFields, allow_internet_access: z.boolean().optional() })

/** Turns a checked body into an update. Throws "invalid_argument" for what contradicts itself. */
export function toNetworkUpdate(body: z.infer<typeof updateNetworkBody>): NetworkUpdate {
  const egress = keptEgress(body)
  const allowInternetAccess = body.allow_internet_access
  checkEgress(egress, allowInternetAccess)
  return { egress, allowInternetAccess }
}
