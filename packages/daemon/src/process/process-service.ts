import type { ConnectRouter } from '@connectrpc/connect'
import { ProcessService } from '@drowse/protocol'
import type { DaemonContext } from '../context.ts'
import { answer } from '../rpc/connect-error.ts'
import { connect } from './connect.ts'
import { closeStdin, sendInput, streamInput } from './input.ts'
import { list } from './list.ts'
import { sendSignal } from './signal.ts'
import { start } from './start.ts'
import { update } from './update.ts'

/** Registers `process.Process`. */
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
    streamInput: (requests, context) =>
      answer(async () => {
        await streamInput(processes, requests, context.signal)
        return {}
      }),
    closeStdin: (request) =>
      answer(() => {
        closeStdin(processes.get(request.process))
        return {}
      }),
    update: (request) =>
      answer(() => {
        update(processes.get(request.process), request.pty)
        return {}
      }),
    sendSignal: (request) =>
      answer(() => {
        sendSignal(processes.get(request.process), request.signal)
        return {}
      }),
  })
}
