import type { EnvdInit, SandboxId } from '@drowse/protocol'
import type { SandboxLimits } from '@drowse/engine'

/** What a new sandbox is made from. */
export interface NodeCreateRequest {
  id: SandboxId
  /** Resolved id of a template that is built on the node. */
  templateId: string
  limits: SandboxLimits
  init: NodeInit
}

/** The parts of the daemon's init that the control plane decides. */
export type NodeInit = Pick<EnvdInit, 'accessToken' | 'envVars'>

/** How a wake went. */
export interface NodeResumeResult {
  /** True when processes and memory were gone and the sandbox booted from its files. */
  isCold: boolean
  /** Why it is cold, as a sentence; absent when memory was restored. */
  coldReason?: string
}

/** What a node holds of one sandbox: the truth about what is. */
export interface NodeSandbox {
  id: SandboxId
  /** `running` has live processes; `paused` has a saved image or only files; `broken` has files that no longer make a sandbox. */
  status: 'running' | 'paused' | 'broken'
  /** A durable memory image exists. */
  hasMemory: boolean
}

/** A template that a node can create from. */
export interface NodeTemplate {
  id: string
  names: string[]
  limits: SandboxLimits
  diskSizeMb: number
}

/**
 * The control plane's view of a node: all sandboxes of one host.
 *
 * Every call is idempotent: repeating one whose outcome is unknown finishes or confirms it. Calls for one id are serialised
 * inside; `kill` waits for none of them and wins. A call whose answer was given survives kill -9 and power loss.
 */
export interface NodeClient {
  /** Makes and starts a sandbox; answers when its daemon does. On failure nothing of it is left. */
  create(request: NodeCreateRequest): Promise<void>
  /** Saves files and (unless `memory` is false) memory, then ends the processes. On failure the sandbox runs on. */
  pause(id: SandboxId, options: { memory: boolean }): Promise<void>
  /**
   * Brings a paused sandbox back; answers when its daemon does. On failure the saved state is kept.
   * Without `memory` it boots from its files; the saved memory is left alone until that has worked and then goes, as it no longer fits the files.
   * A running sandbox is confirmed, not cold, and its daemon gets `init` once more.
   */
  resume(id: SandboxId, options: { init: NodeInit; memory: boolean }): Promise<NodeResumeResult>
  /** Removes a sandbox and all it saved. Unknown ids are fine. */
  kill(id: SandboxId): Promise<void>
  find(id: SandboxId): Promise<NodeSandbox | undefined>
  /** Everything this node holds, for reconciliation. */
  inventory(): Promise<NodeSandbox[]>
  templates(): Promise<NodeTemplate[]>
  /** Where TCP port `port` of a running sandbox is reached from this host. Throws "not_found" for an unknown id and for a paused one. */
  endpoint(id: SandboxId, port: number): Promise<{ host: string; port: number }>
}
