import type { ConnectRouter } from '@connectrpc/connect'
import { ProcessService } from '@drowse/protocol'
import type { DaemonContext } from '../context.ts'
import { answer } from '../rpc/connect-error.ts'
import { connect } from './connect.ts'
import { sendInput } from './input.ts'
import { list } from './list.ts'
import { sendSignal } from './signal.ts'
import { start } from './start.ts'

/** Registers `process.Process`. Calls that are left out answer "unimplemented". */
export function registerProcessService(router: ConnectRouter, daemon: DaemonContext): void {
  const { processes } = daemon
  router.service(ProcessService, {
    list: () => answer(() => list(processes)),
    start: (request, context) => start(daemon, request, context),
    connect: (request, context) => connect(daemon, request, context),
    sendInput: (request) =>
      answer(async () => {
        await sendInput(processes.get(request.process), request.input)
        return {}
      }),
    closeStdin: (request) =>
      answer(() => {
        processes.get(request.process).stdin?.close()
        return {}
      }),
    sendSignal: (request) =>
      answer(() => {
        sendSignal(processes.get(request.process), request.signal)
        return {}
      }),
  })
}
