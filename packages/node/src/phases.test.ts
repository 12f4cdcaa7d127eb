import type { EngineStatus } from '@drowse/engine'
import { describe, expect, it } from 'vitest'
import { PHASE_TRANSITIONS, SANDBOX_PHASES, startAction } from './phases.ts'

const ENGINE: EngineStatus[] = ['absent', 'created', 'running', 'frozen']

describe('startAction', () => {
  it('has the actions of README.md', () => {
    const table = Object.fromEntries(
      SANDBOX_PHASES.flatMap((phase) =>
        [true, false].map((hasCommittedImage) => [
          `${phase}${hasCommittedImage ? ' with image' : ''}`,
          ENGINE.map((engine) => startAction({ phase, engine, hasCommittedImage })).join(' '),
        ]),
      ),
    )
    expect(table).toEqual({
      creating: 'remove remove remove remove',
      'creating with image': 'remove remove remove remove',
      running: 'lose-memory lose-memory adopt thaw',
      'running with image': 'finish-pause finish-pause adopt finish-pause',
      booting: 'rest rest rest rest',
      'booting with image': 'rest rest rest rest',
      paused: 'rest rest rest rest',
      'paused with image': 'rest keep-ready confirm-wake keep-frozen',
      killed: 'remove remove remove remove',
      'killed with image': 'remove remove remove remove',
      pooled: 'remove remove remove adopt-pooled',
      'pooled with image': 'remove remove remove adopt-pooled',
    })
  })
})

describe('PHASE_TRANSITIONS', () => {
  it('lets nothing back into creating', () => {
    expect(Object.values(PHASE_TRANSITIONS).flat()).not.toContain('creating')
  })
})
