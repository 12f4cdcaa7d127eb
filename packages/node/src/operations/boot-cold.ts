import { rename } from 'node:fs/promises'
import { pathExists } from '../disk.ts'
import { specOf, type NodeContext } from '../node-context.ts'
import { sandboxFolder } from '../sandbox-folder.ts'
import { whileAlive } from './while-alive.ts'
import { beginWake, finishWake, removeImageBehind, stopWake, type Wake } from './wake.ts'

/**
 * Boots a sandbox from its files, and keeps why. The image is left alone until that has worked; one that could not be used
 * is then set aside.
 */
export async function bootCold(wake: Wake, image: { kind: 'unwanted' | 'unusable'; reason: string }): Promise<void> {
  const { context, id, steps, signal } = wake
  const manifest = {
    ...wake.manifest,
    guest: { path: context.guest.path, hash: context.guest.hash },
    coldStart: { generation: wake.manifest.generation + 1, reason: image.reason },
  }
  const spec = specOf(context, manifest)
  const at = sandboxFolder(context.folder, id)
  try {
    // Only the phase changes here: the image and the guest that it needs stay as they are until the boot has worked.
    await steps.run('booting', () => context.shelf.save({ ...wake.manifest, phase: 'booting' }))
    signal.throwIfAborted()
    await steps.run('create-cold', () => context.engine.create(spec))
    signal.throwIfAborted()
    await whileAlive(
      context.engine,
      id,
      async (alive) => {
        await steps.run('start', () => context.engine.start(spec))
        const booted = { ...wake, signal: alive }
        await finishWake(booted, beginWake(booted, manifest), { isCold: true })
      },
      signal,
    )
  } catch (error) {
    await stopWake(wake)
    throw error
  }
  removeImageBehind(context, id, () =>
    image.kind === 'unusable' ? setAside(context, at.image, at.badImage) : context.trash.discard(at.image),
  )
}

/** Keeps an image that could not be restored out of the way of later ones. */
async function setAside(context: NodeContext, image: string, badImage: string): Promise<void> {
  if (!(await pathExists(image))) return
  await context.trash.discard(badImage)
  await rename(image, badImage)
}
