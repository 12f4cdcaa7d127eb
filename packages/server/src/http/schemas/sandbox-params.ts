import { z } from 'zod'

/** `:sandboxID` of a path: an id, or the older `id-clientID`, of which the id counts (wire.md §1.1). */
export const sandboxParams = z.object({
  sandboxID: z
    .string()
    .regex(/^[a-z0-9]+(-[a-z0-9]*)?$/, 'Invalid sandbox ID')
    .transform(withoutClient),
})

/** The id in `id` or `id-clientID`. */
export function withoutClient(text: string): string {
  return text.split('-')[0] ?? text
}
