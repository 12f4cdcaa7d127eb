import type { WatcherTable } from './filesystem/watch/watcher-table.ts'
import type { GuestSettings } from './identity/guest-settings.ts'
import type { CpuMeter } from './http/metrics.ts'
import type { Tunnels } from './http/tunnels.ts'
import type { Log } from './log.ts'
import type { FileCalls } from './filesystem/native/file-calls.ts'
import type { ProcessTable } from './process/process-table.ts'
import type { Startup } from './startup/startup.ts'
import type { UserDatabase } from './users/user-database.ts'

/** What the daemon's parts share; built once by `createDaemon`. */
export interface DaemonContext {
  settings: GuestSettings
  users: UserDatabase
  processes: ProcessTable
  /** What the template starts its sandboxes with. */
  startup: Startup
  watchers: WatcherTable
  /** Calls about files that Node lacks. */
  calls: FileCalls
  cpu: CpuMeter
  tunnels: Tunnels
  /** Folder that holds the guest's `etc/`; `/` but in tests. */
  root: string
  log: Log
}
