export type { ServiceOptions } from './context.ts'
export { runService, type RunningService } from './run.ts'
export { SERVER_STEPS, type ServerStep } from './sandboxes/steps.ts'
