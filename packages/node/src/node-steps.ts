/**
 * Every step of every operation, as `<operation>.<step>`; a {@link StepHook} is called after each. An operation goes through some of its steps
 * only: a wake from RAM thaws, a wake from disk creates and restores. Tests that cut operations iterate these.
 */
export const NODE_STEPS = [
  'create.reserve',
  'create.create',
  'create.restore',
  'create.create-again',
  'create.start',
  'create.thaw',
  'create.init',
  'create.ready',
  'create.manifest',
  'pause.probe',
  'pause.freeze',
  'pause.space',
  'pause.checkpoint',
  'pause.sync',
  'pause.describe',
  'pause.rename',
  'pause.manifest',
  'resume.thaw',
  'resume.create',
  'resume.restore',
  'resume.create-again',
  'resume.restore-again',
  'resume.booting',
  'resume.create-cold',
  'resume.start',
  'resume.init',
  'resume.ready',
  'resume.manifest',
  'kill.commit',
  'kill.destroy',
  'kill.remove',
  'evict.destroy',
  'pool.reserve',
  'pool.create',
  'pool.restore',
  'pool.answer',
  'pool.freeze',
  'pool.manifest',
  'ready.create',
  'hash.files',
  'warm.reserve',
  'warm.create',
  'warm.start',
  'warm.answer',
  'warm.ready',
  'warm.exercise',
  'warm.freeze',
  'warm.checkpoint',
  'warm.sync',
  'warm.describe',
  'warm.destroy',
  'warm.publish',
] as const

/** Full name of a step. */
export type NodeStep = (typeof NODE_STEPS)[number]

/** Name of an operation that has steps. */
export type NodeOperation = NodeStep extends `${infer Operation}.${string}` ? Operation : never

/** Names of the steps of one operation. */
export type StepOf<Operation extends NodeOperation> =
  Extract<NodeStep, `${Operation}.${string}`> extends `${Operation}.${infer Step}` ? Step : never

/** Called after each step of an operation; the operation goes on when it resolves. For tests that cut an operation there. */
export type StepHook = (name: NodeStep) => Promise<void> | void
