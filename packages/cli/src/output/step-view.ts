import type { Step, StepEvent } from '@drowse/setup'
import { formatDuration } from './format-duration.ts'
import type { Terminal } from './terminal.ts'

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
const FRAME_MS = 100
/** How often, in ms, a log that nobody watches live hears of a step that still runs. */
const HEARTBEAT_MS = 20_000
const TITLE_WIDTH = 30

/** Shows a running plan: live lines on a terminal, plain lines elsewhere. Dispose it to leave the screen in order. */
export class StepView implements Disposable {
  readonly #terminal: Terminal
  readonly #running = new Map<Step, { startMs: number; detail: string }>()
  readonly #timer: NodeJS.Timeout
  #drawn = 0
  #frame = 0

  constructor(terminal: Terminal) {
    this.#terminal = terminal
    const tick = terminal.isInteractive ? (): void => this.#draw() : (): void => this.#heartbeat()
    this.#timer = setInterval(tick, terminal.isInteractive ? FRAME_MS : HEARTBEAT_MS)
  }

  /** Takes in what happened; give it to `runSteps` as its listener. */
  readonly onEvent = (event: StepEvent): void => {
    const { step } = event
    if (event.type === 'started') this.#running.set(step, { startMs: performance.now(), detail: '' })
    if (event.type === 'progress') this.#running.set(step, { startMs: this.#startOf(step), detail: event.detail })
    if (event.type === 'ended') {
      const { status, detail } = event.outcome
      const mark = status === 'kept' ? this.#terminal.style('dim', '=') : this.#terminal.style('green', '✓')
      const note = [status === 'kept' ? 'already there' : undefined, detail].filter(Boolean).join(': ')
      this.#settle(step, mark, event.elapsedMs, note)
    }
    if (event.type === 'failed') this.#settle(step, this.#terminal.style('red', '✗'), event.elapsedMs, 'failed')
  };

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
    this.#erase()
  }

  #startOf(step: Step): number {
    return this.#running.get(step)?.startMs ?? performance.now()
  }

  #settle(step: Step, mark: string, elapsedMs: number, note: string): void {
    this.#running.delete(step)
    this.#erase()
    const time = formatDuration(elapsedMs).padStart(11)
    this.#terminal.line(
      `${mark} ${step.title.padEnd(TITLE_WIDTH)}${time}  ${this.#terminal.style('dim', note)}`.trimEnd(),
    )
    if (this.#terminal.isInteractive) this.#draw()
  }

  #draw(): void {
    this.#erase()
    const frame = FRAMES[this.#frame++ % FRAMES.length] ?? ''
    for (const [step, { startMs, detail }] of this.#running) {
      const time = formatDuration(performance.now() - startMs).padStart(11)
      const room = Math.max(0, this.#terminal.columns - TITLE_WIDTH - 18)
      this.#terminal.line(`${frame} ${step.title.padEnd(TITLE_WIDTH)}${time}  ${detail.slice(0, room)}`)
      this.#drawn++
    }
  }

  #erase(): void {
    // Up over the live lines, then clear from there to the end of the screen.
    if (this.#drawn > 0) this.#terminal.write(`\u001B[${this.#drawn}A\u001B[J`)
    this.#drawn = 0
  }

  #heartbeat(): void {
    for (const [step, { startMs, detail }] of this.#running) {
      this.#terminal.line(`… ${step.title}: ${detail || 'at work'} (${formatDuration(performance.now() - startMs)})`)
    }
  }
}
