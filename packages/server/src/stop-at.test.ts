import { expect, test, vi } from 'vitest'
import { stopAtStep } from './stop-at.ts'

test('stopAtStep() kills this process at its step and at no other', () => {
  const kill = vi.spyOn(process, 'kill').mockReturnValue(true)
  try {
    const onStep = stopAtStep('server.pause.intent')
    onStep?.('server.pause.effect')
    expect(kill).not.toHaveBeenCalled()
    onStep?.('server.pause.intent')
    expect(kill).toHaveBeenCalledExactlyOnceWith(process.pid, 'SIGKILL')
  } finally {
    kill.mockRestore()
  }
})

test('stopAtStep() does nothing when nothing is said, and refuses a step that does not exist', () => {
  expect(stopAtStep(undefined)).toBeUndefined()
  expect(() => stopAtStep('server.pause')).toThrow(/DROWSE_STOP_AT/)
})
