export {
  ensureDirectory,
  prepareFile,
  renameDurable,
  syncDirectory,
  syncPath,
  writeFileAtomic,
  type PreparedFile,
} from './atomic-fs.ts'
export { systemClock, type Clock, type Timer } from './clock.ts'
export { deadline, raceSignal } from './deadline.ts'
export { exec, type ExecOptions, type ExecResult } from './exec.ts'
export { FakeClock } from './fake-clock.ts'
export { joinPortStream, type PortStreamEnd, type StreamSocket } from './join-port-stream.ts'
export { KeyedMutex } from './keyed-mutex.ts'
export { createLogger, silentLogger, type Logger } from './log.ts'
export { isEndedState, parseProcessStat, readProcessStat, type ProcessStat } from './process-stat.ts'
export { isNoEntry, readIfThere } from './read-if-there.ts'
export { repeat } from './repeat.ts'
export { SingleFlight } from './single-flight.ts'
export { pollUntil, type PollOptions } from './poll.ts'
export { configSchema, type Config, type ConfigInput } from './config/config.ts'
export { CONFIG_VARIABLES } from './config/env.ts'
export { loadConfig, type ConfigSources } from './config/load-config.ts'
