import { chmod, copyFile, mkdir, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { ensureDirectory, exec, writeFileAtomic } from '@drowse/common'
import { bundleDaemon } from '@drowse/daemon'
import { bundleInterpreter } from '@drowse/interpreter'
import { guestAssetSchema, type GuestAsset } from '@drowse/node'
import { bundleSftpServer } from '@drowse/sftp'
import type { SetupContext } from '../context.ts'
import { readJsonFile } from '../host/read-json-file.ts'
import { installFolder, removeStaging } from '../host/staging.ts'
import { removeTree } from '../host/remove-tree.ts'
import type { StepOutcome, StepTools } from '../steps/step.ts'
import { workspace } from '../workspace.ts'
import { hashFolder } from './hash-folder.ts'
import { sharedLibraries } from './shared-libraries.ts'

/** Debian's static build of tini, of the package of that name. */
const TINI = '/usr/bin/tini-static'
const NAME_LENGTH = 16

/**
 * Makes the guest runtime (`tini`, `node`, `lib/`, `daemon.mjs`, `koffi.node`, `interpreter/`, `sftp.mjs`) in `guest/<hash>/` and records it in
 * `guest/current.json`.
 * It is put together at each run, which takes a moment, and kept when its content is the recorded one. Older ones stay for the images that use them.
 */
export async function installGuest(context: SetupContext, tools: StepTools): Promise<StepOutcome> {
  const { folder, repository } = context
  await ensureDirectory(folder.guest)
  await removeStaging(folder.guest)
  const draft = join(folder.guest, 'draft')
  await removeTree(draft)
  await assembleGuest(draft, workspace(repository).node)
  tools.report('comparing')
  const hash = (await hashFolder(draft)).slice(0, NAME_LENGTH)
  const current = await findGuestAsset(folder.guest)
  if (current?.hash === hash) {
    await removeTree(draft)
    return { status: 'kept', detail: hash }
  }
  const path = await installFolder(folder.guest, hash, async (staging) => {
    await rm(staging, { recursive: true })
    await exec('mv', [draft, staging])
  })
  const asset: GuestAsset = { path, hash }
  await writeFileAtomic(join(folder.guest, 'current.json'), JSON.stringify(asset, null, 2))
  return { status: 'done', detail: hash }
}

/** The recorded guest runtime when its folder is still there. */
export async function findGuestAsset(directory: string): Promise<GuestAsset | undefined> {
  const parsed = guestAssetSchema.safeParse(await readJsonFile(join(directory, 'current.json')))
  if (!parsed.success) return undefined
  return stat(parsed.data.path).then(
    () => parsed.data,
    () => undefined,
  )
}

async function assembleGuest(directory: string, node: string): Promise<void> {
  const lib = join(directory, 'lib')
  await mkdir(lib, { recursive: true, mode: 0o755 })
  const files: [from: string, to: string][] = [
    [node, join(directory, 'node')],
    [TINI, join(directory, 'tini')],
  ]
  for (const library of await sharedLibraries(node)) files.push([library, join(lib, basename(library))])
  for (const [from, to] of files) await copyFile(from, to)
  const daemon = await bundleDaemon(join(directory, 'daemon.mjs'))
  await bundleInterpreter(join(directory, 'interpreter'))
  const sftp = join(directory, 'sftp.mjs')
  await bundleSftpServer(sftp)
  for (const path of [directory, lib, sftp, ...daemon, ...files.map(([, to]) => to)]) await chmod(path, 0o755)
}
