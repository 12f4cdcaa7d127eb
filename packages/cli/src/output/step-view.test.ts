import type { Step } from '@drowse/setup'
import { describe, expect, it } from 'vitest'
import { StepView } from './step-view.ts'
import type { Terminal } from './terminal.ts'

const step: Step = { id: 'a', title: 'Base template', run: () => Promise.resolve({ status: 'done' }) }

function recorder(isInteractive: boolean): Terminal & { text: string } {
  const terminal = {
    text: '',
    isInteractive,
    columns: 80,
    write: (text: string): void => void (terminal.text += text),
    line: (text = ''): void => terminal.write(`${text}\n`),
    style: (_: unknown, text: string): string => text,
  }
  return terminal
}

describe('StepView', () => {
  it('writes one plain line a step where nobody watches', () => {
    const terminal = recorder(false)
    {
      using view = new StepView(terminal)
      view.onEvent({ type: 'started', step })
      view.onEvent({ type: 'progress', step, detail: 'half' })
      view.onEvent({ type: 'ended', step, elapsedMs: 44_100, outcome: { status: 'done', detail: 'base-1' } })
    }
    expect(terminal.text).toMatch(/^✓ Base template +44 s {2}base-1\n$/)
  })

  it('says what was there already and what failed', () => {
    const terminal = recorder(false)
    using view = new StepView(terminal)
    view.onEvent({ type: 'ended', step, elapsedMs: 30, outcome: { status: 'kept' } })
    view.onEvent({ type: 'failed', step, elapsedMs: 30, error: new Error('no') })
    expect(terminal.text).toMatch(/^= Base template .*already there\n✗ Base template .*failed\n$/)
  })

  it('takes its live lines off a terminal', () => {
    const terminal = recorder(true)
    {
      using view = new StepView(terminal)
      view.onEvent({ type: 'started', step })
      view.onEvent({ type: 'ended', step, elapsedMs: 5, outcome: { status: 'done' } })
    }
    expect(terminal.text.split('\n').filter(Boolean)).toHaveLength(1)
  })
})
