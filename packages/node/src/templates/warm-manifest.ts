import type { EngineBuild, SandboxLimits } from '@drowse/engine'
import { z } from 'zod'
import { guestAssetSchema, templateStartSchema, type GuestAsset, type TemplateDefinition } from '../assets.ts'
import { engineBuildSchema, isSameBuild } from '../images/image-manifest.ts'

/** `templates/<id>/warm/warm.json`: what a template's warm image was made from and with. */
export const warmManifestSchema = z.object({
  engine: engineBuildSchema,
  guest: guestAssetSchema,
  /** The template's own layers at that time, topmost first. */
  layers: z.array(z.string()),
  limits: z.object({ memoryMb: z.number(), cpuCount: z.number() }),
  /** Id of the layer with the files that the boot wrote; goes above `layers`. */
  layer: z.string(),
  /** What runs in it. */
  start: templateStartSchema.optional(),
})

export type WarmManifest = z.infer<typeof warmManifestSchema>

/** Prefix of the ids of layers that warm images bring; the sweep looks at no others. */
export const WARM_LAYER_PREFIX = 'warm-'

/** Whether a warm image is what a boot of `template` would give: same engine, guest, layers and limits. */
export function isWarmFor(
  warm: WarmManifest,
  template: TemplateDefinition,
  wanted: { engine: EngineBuild; guest: GuestAsset; limits: SandboxLimits },
): boolean {
  return (
    isSameBuild(warm.engine, wanted.engine) &&
    warm.guest.hash === wanted.guest.hash &&
    warm.guest.path === wanted.guest.path &&
    warm.layers.join('/') === template.layers.join('/') &&
    JSON.stringify(warm.start) === JSON.stringify(template.start) &&
    // Memory and CPUs are what the guest in the image has seen already: another size needs a boot of its own.
    warm.limits.memoryMb === wanted.limits.memoryMb &&
    warm.limits.cpuCount === wanted.limits.cpuCount
  )
}
