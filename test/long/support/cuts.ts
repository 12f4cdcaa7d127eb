import { NODE_STEPS, type NodeStep } from '@drowse/node'
import { SERVER_STEPS, type ServerStep } from '@drowse/server'

/** A step at which a test ends the service. */
export type Step = NodeStep | ServerStep

/** What is done to the sandbox so that the service comes to a step. */
export type Deed =
  | 'create'
  | 'create from the pool'
  | 'pause'
  | 'connect from frozen'
  | 'connect from disk'
  | 'connect without memory'
  | 'kill'
  | 'expire to pause'
  | 'expire to kill'
  | 'fall to disk'
  | 'hash'

/** One way to a step. */
export interface Cut {
  step: Step
  deed: Deed
}

const SERVER_DEEDS: Readonly<Record<string, readonly Deed[]>> = {
  'server.create': ['create'],
  'server.pause': ['pause'],
  'server.resume': ['connect from frozen', 'connect from disk'],
  'server.kill': ['kill'],
  'server.expiry': ['expire to pause', 'expire to kill'],
}

const NODE_DEEDS: Readonly<Record<string, readonly Deed[]>> = {
  create: ['create'],
  'create.thaw': ['create from the pool'],
  pause: ['pause'],
  'resume.thaw': ['connect from frozen'],
  'resume.init': ['connect from frozen', 'connect from disk', 'connect without memory'],
  'resume.manifest': ['connect from frozen', 'connect from disk', 'connect without memory'],
  'resume.create': ['connect from disk'],
  'resume.restore': ['connect from disk'],
  'resume.booting': ['connect without memory'],
  'resume.create-cold': ['connect without memory'],
  'resume.start': ['connect without memory'],
  'resume.ready': ['connect without memory'],
  kill: ['kill'],
  evict: ['fall to disk'],
  ready: ['fall to disk'],
  hash: ['hash'],
}

/**
 * Steps that no call from outside comes to, or that are no sandbox's: a create or wake whose restore failed, a create without a warm image (the service
 * answers none before it has one), and what is made ahead. packages/node cuts these over the fake engine.
 */
const NOT_FROM_OUTSIDE = /^(create\.(create-again|start|ready)|resume\.(create|restore)-again|(pool|warm)\..*)$/

/** Every step that the service can be brought to from outside, by each way to it. */
export const CUTS: readonly Cut[] = [...SERVER_STEPS, ...NODE_STEPS]
  .filter((step) => !NOT_FROM_OUTSIDE.test(step))
  .flatMap((step) => waysTo(step).map((deed) => ({ step, deed })))

function waysTo(step: Step): readonly Deed[] {
  const operation = step.slice(0, step.lastIndexOf('.'))
  const deeds = step.startsWith('server.') ? SERVER_DEEDS[operation] : (NODE_DEEDS[step] ?? NODE_DEEDS[operation])
  if (deeds === undefined) throw new Error(`no way to the step "${step}" is known: add one here`)
  return deeds
}
