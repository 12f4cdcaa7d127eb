import { deadline, raceSignal } from '@drowse/common'
import type { Route, RouteAccess, RouteSource } from '@drowse/gateway'
import type { SandboxId } from '@drowse/protocol'
import type { LifecycleContext } from './lifecycle-context.ts'
import type { Sandbox } from './sandbox.ts'
import { findSigner } from './signer.ts'
import { wakeSandbox } from './wake.ts'
import { isWakeable } from './wakeable.ts'

/** Longest, in ms, that a request waits for a sandbox to run (wire.md §2.4). */
const WAKE_LIMIT_MS = 60_000

/** The gateway's view of the lifecycle. Reads the store at each call, so it is never behind. */
export function createRouteSource(context: LifecycleContext): RouteSource {
  return {
    async resolve(id) {
      const sandbox = await context.store.sandboxes.find(id)
      return sandbox === undefined ? { kind: 'not-found' } : route(sandbox)
    },
    async findSigner(file) {
      return await findSigner(context, file)
    },
    async wake(id, signal) {
      signal.throwIfAborted()
      await raceSignal(wakeSandbox(context, id), deadline(WAKE_LIMIT_MS, `wake sandbox "${id}"`, signal))
    },
    async endpoint(id: SandboxId, port: number) {
      return await context.node.endpoint(id, port)
    },
    connectionChanged(id, delta) {
      context.activity.connectionChanged(id, delta)
    },
  }
}

function route(sandbox: Sandbox): Route {
  const { state } = sandbox
  if (state === 'creating' || state === 'killing') return { kind: 'not-found' }
  if (state === 'running' || state === 'snapshotting') {
    // A run is known by its start: connections of an earlier one are dead.
    return { kind: 'running', access: access(sandbox), generation: sandbox.startedAtMs }
  }
  const isComing = state === 'resuming' || isWakeable(sandbox)
  return isComing ? { kind: 'asleep', access: access(sandbox) } : { kind: 'not-found', isPaused: true }
}

function access(sandbox: Sandbox): RouteAccess {
  const { maskRequestHost, httpsPorts } = sandbox.network
  return {
    ...(sandbox.envdAccessToken === undefined ? {} : { accessToken: sandbox.envdAccessToken }),
    ...(sandbox.trafficAccessToken === undefined ? {} : { trafficAccessToken: sandbox.trafficAccessToken }),
    ...(maskRequestHost === undefined ? {} : { maskRequestHost }),
    ...(httpsPorts === undefined ? {} : { httpsPorts }),
  }
}
