import type { EnvdInit, SandboxId } from '@drowse/protocol'
import type { EgressPolicy, EngineUsage, SandboxLimits, Traffic } from '@drowse/engine'
import type { TemplateBuildHistory, TemplateBuildStatus } from './templates/template-builds.ts'

/** What a new sandbox is made from. */
export interface NodeCreateRequest {
  id: SandboxId
  /** Resolved id of a template that is built on the node. */
  templateId: string
  limits: SandboxLimits
  init: NodeInit
  /** What it may reach outside, in force before its first instruction and in every later run; default whatever the host's firewall lets through. */
  egress?: EgressPolicy
}

/** The parts of the daemon's init that the control plane decides. */
export type NodeInit = Pick<EnvdInit, 'accessToken' | 'envVars'>

/** Where a paused sandbox is: stopped in RAM with its image on disk, only on disk, or without memory. */
export type SandboxTier = 'frozen' | 'disk' | 'files'

/** How a pause went. */
export interface NodePauseResult {
  /** The daemon did not answer before the pause: what was saved may be stuck as it was. */
  wasGuestSilent: boolean
}

/** Something that happened to a sandbox without a call. */
export type NodeEvent =
  /** A paused sandbox fell to another tier. */
  | { id: SandboxId; kind: 'tier'; tier: SandboxTier }
  /** Its processes ended by themselves; files are kept. `reason` is a sentence for people. */
  | { id: SandboxId; kind: 'died'; reason: string }
  /** Its saved memory was found damaged while it rested; the next wake boots from files. `reason` is a sentence for people. */
  | { id: SandboxId; kind: 'image-damaged'; reason: string }
  /** The guest's memory limit was reached and its largest process was ended; the sandbox lives on. */
  | { id: SandboxId; kind: 'memory-limit'; process: string }

/** How a wake went. */
export interface NodeResumeResult {
  /** Where it came from; `frozen` for a running one that was confirmed. */
  tier: SandboxTier
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
  /** Of a paused one. */
  tier?: SandboxTier
  /** Of a running one that booted from its files: why, as its wake answered. */
  coldReason?: string
  /** Its egress policy. */
  egress?: EgressPolicy
  /** Of a paused one with memory: as its pause answered. */
  wasGuestSilent?: boolean
}

/** What one running sandbox uses; its traffic is that of all its runs. */
export interface NodeUsage extends EngineUsage, Traffic {
  id: SandboxId
  /** CPUs that it may use. */
  cpuCount: number
  /** Bytes that it has written to its disk, as they were some time ago; absent until they are known. */
  diskBytes?: number
}

/** A template that a node can create from. */
export interface NodeTemplate {
  id: string
  names: string[]
  limits: SandboxLimits
  diskSizeMb: number
  /** Why its sandboxes do not start, in words that follow a colon; absent unless that is known. */
  trouble?: string
}

/**
 * The control plane's view of a node: all sandboxes of one host.
 *
 * Every call is idempotent: repeating one whose outcome is unknown finishes or confirms it. Calls for one id are serialised
 * inside; `kill` waits for none of them and wins. A call whose answer was given survives kill -9 and power loss.
 */
export interface NodeClient {
  /**
   * Hands out the id of a sandbox that was made ahead and only waits to be created, or `undefined` when there is none.
   * A `create` with that id is quick. An id that is not created within a minute is taken back; a create of it is then an ordinary one.
   */
  claim(templateId: string, limits: SandboxLimits): Promise<SandboxId | undefined>
  /**
   * Makes and starts a sandbox; answers when its daemon does. On failure nothing of it is left.
   * Rejects with "rate_limited" when the host has no room for it; frozen sandboxes give theirs up first.
   */
  create(request: NodeCreateRequest): Promise<void>
  /**
   * Saves files and (unless `memory` is false) memory durably, then answers. With memory the sandbox may stay frozen in RAM for a while.
   * On failure it runs on. With `requireHealthyGuest`, and always without memory, a silent daemon is refused with "unavailable".
   */
  pause(id: SandboxId, options: { memory: boolean; requireHealthyGuest?: boolean }): Promise<NodePauseResult>
  /**
   * Brings a paused sandbox back; answers when its daemon does. On failure the saved state is kept.
   * Without `memory` it boots from its files; the saved memory is left alone until that has worked and then goes, as it no longer fits the files.
   * A running sandbox is confirmed, not cold, and its daemon gets `init` once more.
   */
  resume(id: SandboxId, options: { init: NodeInit; memory: boolean }): Promise<NodeResumeResult>
  /**
   * Changes what a sandbox may reach outside, running or paused: durable and in force when it resolves. `undefined` lifts every rule of its own.
   * A running guest is told `init` when it has to trust the egress authority, or no longer; one that does not answer learns of it at its next wake.
   */
  setEgress(id: SandboxId, policy: EgressPolicy | undefined, init: NodeInit): Promise<void>
  /** Removes a sandbox and all it saved. Unknown ids are fine. */
  kill(id: SandboxId): Promise<void>
  find(id: SandboxId): Promise<NodeSandbox | undefined>
  /** Calls `listener` for what happens by itself, after it is durable; returns how to end that. The listener must not throw. */
  onEvent(listener: (event: NodeEvent) => void): () => void
  /** Everything this node holds, for reconciliation. */
  inventory(): Promise<NodeSandbox[]>
  /** What each running sandbox uses, read without disturbing any of them. */
  usage(): Promise<NodeUsage[]>
  /** Bytes that a sandbox has sent and received in all its runs, paused or not; undefined for an unknown one. Never becomes less. */
  traffic(id: SandboxId): Promise<Traffic | undefined>
  templates(): Promise<NodeTemplate[]>
  /** Builds of templates that are under way or did not end well. A template may be there all the same, from an earlier build. */
  templateBuilds(): Promise<TemplateBuildStatus[]>
  /** The last build of a template, however it ended; undefined when there was none, as for one that came with the installation. */
  lastBuild(templateId: string): Promise<TemplateBuildHistory | undefined>
  /** Where TCP port `port` of a running sandbox is reached from this host. Throws "not_found" for an unknown id and for a paused one. */
  endpoint(id: SandboxId, port: number): Promise<{ host: string; port: number }>
}
