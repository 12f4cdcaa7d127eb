import type { Held } from '@drowse/gateway'

/** What the gateway's process takes, after the garbage was collected. */
export interface GatewayUse {
  /** Since its start. */
  cpuMs: number
  rssBytes: number
  /** The most that was resident since the last "reset peak". */
  peakRssBytes: number
  heapBytes: number
  /** Memory of buffers and of native objects that the heap holds. */
  externalBytes: number
  openFiles: number
  /** Sockets, servers, timers and calls that keep the process running. */
  handles: number
  held: Held
}
