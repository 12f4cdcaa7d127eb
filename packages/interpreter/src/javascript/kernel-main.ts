import { subscribe } from 'node:diagnostics_channel'
import { createRequire } from 'node:module'
import { Socket } from 'node:net'
import { basename, join } from 'node:path'
import type { KernelCommand } from '../kernel/kernel-event.ts'
import { findOnPath } from '../kernel/find-on-path.ts'
import { LineSplitter } from '../kernel/line-splitter.ts'
import { CellEvaluator } from './cell-evaluator.ts'
import { CellRunner } from './cell-runner.ts'
import { installDisplay } from './display.ts'
import { EventWriter } from './event-writer.ts'
import { installStreams } from './install-streams.ts'

const COMMANDS = 3
const EVENTS = 4

/** The JavaScript kernel: takes cells on descriptor 3, says what becomes of them on 4. Its language is its one argument. */
function main(): void {
  const isTypeScript = process.argv[2] === 'typescript'
  const flush = installStreams()
  process.on('exit', flush)
  subscribe('child_process', flush)
  const events = new EventWriter(EVENTS, flush)
  installDisplay(events)
  makeItLookLikeNode()
  const runner = new CellRunner(new CellEvaluator(process.cwd(), isTypeScript), events)
  const report = (error: unknown): void => console.error('Uncaught', error)
  // A timer of an earlier cell that throws must not end the context.
  process.on('uncaughtException', report)
  process.on('unhandledRejection', report)
  process.on('SIGINT', () => runner.interrupt())
  const lines = new LineSplitter()
  const commands = new Socket({ fd: COMMANDS, readable: true, writable: false })
  commands.on('data', (chunk) => {
    // Only the interpreter writes here.
    for (const line of lines.push(chunk)) runner.take(JSON.parse(line) as KernelCommand)
  })
  commands.on('close', () => process.exit(0))
  events.send({ type: 'ready' })
}

/** Sets what code that runs in Node expects to find. */
function makeItLookLikeNode(): void {
  // Run by a loader of its own, Node takes that for itself, and programs that start Node again would start the loader.
  if (basename(process.execPath).startsWith('ld-linux')) {
    const found = findOnPath('node', process.env['PATH'] ?? '')
    if (found !== undefined) process.execPath = found
  }
  process.argv = [process.execPath]
  process.execArgv = []
  const file = join(process.cwd(), 'cell.js')
  const module = { exports: {} }
  const globals = {
    require: createRequire(file),
    module,
    exports: module.exports,
    __filename: file,
    __dirname: process.cwd(),
  }
  for (const [name, value] of Object.entries(globals)) {
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true })
  }
}

main()
