import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { parseStartTime, processStartTime } from './process-identity.ts'

describe('parseStartTime()', () => {
  it('is not misled by a name with blanks and brackets', () => {
    const stat = `7 (a) b (c) S 1 ${Array.from({ length: 17 }, (_, index) => index).join(' ')} 4711 0 0`
    expect(parseStartTime(stat)).toBe(4711)
  })

  it('takes a zombie for ended', () => {
    expect(parseStartTime(`7 (x) Z 1 ${'0 '.repeat(17)}4711`)).toBeUndefined()
  })
})

describe('processStartTime()', () => {
  it('gives a number for a live process and nothing for an ended one', async () => {
    expect(await processStartTime(process.pid)).toBeGreaterThan(0)
    const child = spawn('true')
    await once(child, 'exit')
    expect(await processStartTime(child.pid!)).toBeUndefined()
  })
})
