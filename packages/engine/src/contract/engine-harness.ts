import type { Engine, SandboxSpec } from '../engine.ts'

/** One engine with its host, made anew for each test. */
export interface EngineHarness extends AsyncDisposable {
  engine: Engine
  /** A new engine object on the same state, as after a restart of the service. */
  reopen(): Engine
  /** Layers and guest runtime for a spec. The guest's server speaks as `FakeGuest` documents. */
  sources: Pick<SandboxSpec, 'layers' | 'guestDirectory'>
  /** Names of everything the host still holds for `id`: processes, mounts, namespaces, links, cgroups, files. */
  leftovers(id: string): Promise<string[]>
  /** Networks that are closed to a sandbox at this moment, as the host knows it. */
  denied(spec: SandboxSpec): Promise<string[]>
  /** Ends the sandbox's processes from outside, as a crash does. */
  crash(id: string): Promise<void>
}

/** Port that the guest's server listens on. */
export const GUEST_TEST_PORT = 49_983
