/** What a kernel says on its event pipe, a JSON object a line. */
export type KernelEvent =
  /** The kernel can take commands. */
  | { type: 'ready' }
  /** A cell begins; kernels that count by themselves say its number. */
  | { type: 'started'; count?: number }
  /** A value in one or more formats, by media type. */
  | { type: 'result'; isMain: boolean; data: Record<string, unknown> }
  | { type: 'error'; name: string; value: string; traceback: string }
  /** The cell has ended and all its output is in the pipes. */
  | { type: 'idle' }

/** What a kernel is told of a cell, a line in the form that its language reads. */
export interface KernelCommand {
  code: string
  /** Variables of this cell alone. */
  env: Record<string, string>
  /** Variables from now on. */
  sandboxEnv: Record<string, string>
  /** The sandbox is a copy of another: take fresh random numbers. */
  reseed: boolean
}
