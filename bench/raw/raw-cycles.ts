import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { timed, type Samples } from '../samples.ts'
import { imageBytes, syncImage, type RawSandbox } from './raw-sandbox.ts'

/** One cycle of a running raw sandbox: frozen and thawed, saved, ended, made again from what was saved. Returns the image's bytes. */
export async function rawCycle(sandbox: RawSandbox, directory: string, samples: Samples): Promise<number> {
  const image = join(directory, 'image')
  await timed(samples, 'freeze', () => sandbox.freeze())
  await timed(samples, 'thaw + first answer', async () => {
    await timed(samples, 'thaw', () => sandbox.thaw())
    await sandbox.firstAnswer()
  })
  await timed(samples, 'checkpoint + fsync', async () => {
    await timed(samples, 'checkpoint', () => sandbox.checkpoint(image))
    await syncImage(image)
  })
  await sandbox.delete()
  await sandbox.address()
  await timed(samples, 'create + restore + first answer', async () => {
    await timed(samples, 'create + restore', async () => {
      await timed(samples, 'create', () => sandbox.create())
      await timed(samples, 'restore', () => sandbox.restore(image))
    })
    await sandbox.firstAnswer()
  })
  const bytes = await imageBytes(image)
  await rm(image, { recursive: true })
  return bytes
}
