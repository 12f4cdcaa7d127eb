export type {
  NodeClient,
  NodeCreateRequest,
  NodeInit,
  NodeResumeResult,
  NodeSandbox,
  NodeTemplate,
} from './node-client.ts'
export {
  engineAssetSchema,
  guestAssetSchema,
  readAssets,
  templateDefinitionSchema,
  type EngineAsset,
  type GuestAsset,
  type TemplateDefinition,
} from './assets.ts'
export { dataFolder, type DataFolder } from './data-folder.ts'
