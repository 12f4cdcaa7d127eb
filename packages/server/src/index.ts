export type { ServiceOptions } from './context.ts'
export { runService, type RunningService } from './run.ts'
