import { resolve } from 'node:path'
import { DrowseError } from '@drowse/protocol'
import { addTemplate } from '@drowse/setup'
import { loadContext, requireRoot, type CommandContext, type GlobalOptions } from '../command-context.ts'
import { StepView } from '../output/step-view.ts'

/** Options of `drowse template add`: one of the two. */
export interface TemplateAddOptions extends GlobalOptions {
  /** Folder with an OCI layout. */
  oci?: string | undefined
  /** Archive of a root. */
  rootfs?: string | undefined
}

/** `drowse template add`: makes a template from an OCI image or from an archive of a root. */
export async function templateAdd(command: CommandContext, name: string, options: TemplateAddOptions): Promise<void> {
  requireRoot('template add')
  const { oci, rootfs } = options
  const path = oci ?? rootfs
  if (path === undefined || (oci !== undefined && rootfs !== undefined)) {
    throw new DrowseError('invalid_argument', `Cannot add template "${name}": give either --oci or --rootfs`)
  }
  const context = loadContext(command, options)
  using view = new StepView(command.out)
  const source = { kind: oci === undefined ? 'rootfs' : 'oci', path: resolve(path) } as const
  await addTemplate(context, name, source, { onEvent: view.onEvent, signal: command.signal })
}
