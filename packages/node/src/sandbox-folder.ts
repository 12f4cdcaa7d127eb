import { join } from 'node:path'
import type { DataFolder } from './data-folder.ts'

/** Where each thing of one sandbox lives. */
export interface SandboxFolder {
  root: string
  manifest: string
  /** Files that the guest changed. */
  upper: string
  /** Overlayfs's own. */
  work: string
  /** The saved memory, whole. */
  image: string
  /** Saved memory that is being written. */
  nextImage: string
  /** Saved memory that could not be restored; kept until the next pause with memory, for whoever looks into it. */
  badImage: string
}

/** The layout of the folder of sandbox `id`. */
export function sandboxFolder(folder: DataFolder, id: string): SandboxFolder {
  const root = join(folder.sandboxes, id)
  return {
    root,
    manifest: join(root, 'manifest.json'),
    upper: join(root, 'upper'),
    work: join(root, 'work'),
    image: join(root, 'image'),
    nextImage: join(root, 'image.next'),
    badImage: join(root, 'image.bad'),
  }
}

/** Folder with the files of layer `id`. */
export function layerRoot(folder: DataFolder, id: string): string {
  return join(folder.layers, id, 'root')
}
