export type {
  NodeClient,
  NodeCreateRequest,
  NodeEvent,
  NodeInit,
  NodePauseResult,
  NodeResumeResult,
  NodeSandbox,
  NodeTemplate,
  NodeUsage,
  SandboxTier,
} from './node-client.ts'
export {
  engineAssetSchema,
  guestAssetSchema,
  readAssets,
  templateBuildSchema,
  templateDefinitionSchema,
  templateStartSchema,
  type EngineAsset,
  type GuestAsset,
  type TemplateBuild,
  type TemplateBuildLogEntry,
  type TemplateDefinition,
} from './assets.ts'
export { findBootFailure, type BootFailure } from './templates/boot-failure.ts'
export {
  findLastBuild,
  listTemplateBuilds,
  type TemplateBuildHistory,
  type TemplateBuildStatus,
} from './templates/template-builds.ts'
export { dataFolder, type DataFolder } from './data-folder.ts'
export { warmManifestSchema, type WarmManifest } from './templates/warm-manifest.ts'
export { instanceName } from './instance-name.ts'
export { FakeNode, type BlockedCall, type FakeNodeOptions, type NodeMethod } from './fake/fake-node.ts'
export { createNode, SandboxNode } from './sandbox-node.ts'
export type { SandboxNodeOptions } from './sandbox-node-options.ts'
export type { HostFacts } from './admission/host-facts.ts'
export type { NodeSettings } from './node-settings.ts'
export { NODE_STEPS, type NodeStep, type StepHook } from './node-steps.ts'
