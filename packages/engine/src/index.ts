export {
  GUEST_MOUNT,
  type Engine,
  type EngineBuild,
  type EngineEntry,
  type EngineStatus,
  type NetworkSlot,
  type SandboxLimits,
  type SandboxSpec,
} from './engine.ts'
