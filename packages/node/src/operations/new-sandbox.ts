import { mkdir } from 'node:fs/promises'
import { syncDirectory } from '@drowse/common'
import type { EgressPolicy, SandboxLimits } from '@drowse/engine'
import type { SandboxId } from '@drowse/protocol'
import type { TemplateDefinition } from '../assets.ts'
import { makeRootDirectory } from '../disk.ts'
import type { NodeContext } from '../node-context.ts'
import { sandboxFolder } from '../sandbox-folder.ts'
import type { SandboxManifest } from '../sandbox-manifest.ts'
import type { WarmImage } from '../templates/template-store.ts'

/** Takes a slot for a new sandbox and gives its first manifest; `warm` is the image that it will start from, if any. */
export function newManifest(
  context: NodeContext,
  wanted: {
    id: SandboxId
    template: TemplateDefinition
    limits: SandboxLimits
    warm: WarmImage | undefined
    egress?: EgressPolicy | undefined
  },
): SandboxManifest {
  const { id, template, limits, warm, egress } = wanted
  return {
    id,
    templateId: template.id,
    layers: warm === undefined ? template.layers : [warm.layer, ...template.layers],
    limits,
    network: { slot: context.slots.take(id) },
    hostname: id,
    ...egressPart(egress),
    phase: 'creating',
    generation: 1,
    guest: warm?.guest ?? { path: context.guest.path, hash: context.guest.hash },
    image: null,
    createdAt: new Date(context.clock.nowMs()).toISOString(),
    ...(template.start === undefined ? {} : { start: template.start }),
  }
}

/** Makes the folder of a new sandbox with its first manifest, durably. The manifest is on the shelf. */
export async function makeSandboxFolder(context: NodeContext, manifest: SandboxManifest): Promise<void> {
  const at = sandboxFolder(context.folder, manifest.id)
  await mkdir(at.root, { mode: 0o700 })
  await mkdir(at.work)
  await makeRootDirectory(at.upper)
  await context.shelf.save(manifest)
  await syncDirectory(context.folder.sandboxes)
}

/** The part of a manifest that an egress policy is. */
export function egressPart(egress: EgressPolicy | undefined): Pick<SandboxManifest, 'egress'> {
  if (egress === undefined) return {}
  const { allow, deny, domains, headers, proxy, dnsServers } = egress
  return {
    egress: {
      allow: [...allow],
      deny: [...deny],
      domains: [...domains],
      ...(headers === undefined ? {} : { headers: headers.map((rule) => ({ ...rule, headers: { ...rule.headers } })) }),
      ...(proxy === undefined ? {} : { proxy }),
      ...(dnsServers === undefined ? {} : { dnsServers: [...dnsServers] }),
    },
  }
}
