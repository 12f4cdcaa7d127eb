import { once } from 'node:events'
import { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { readParts } from './multipart.ts'

const TYPE = 'multipart/form-data; boundary=b'

function form(...files: string[]): Readable {
  const parts = files.map(
    (name) => `--b\r\nContent-Disposition: form-data; name="file"; filename="${name}"\r\n\r\nx\r\n`,
  )
  return Readable.from([Buffer.from(`${parts.join('')}--b--\r\n`)])
}

describe('readParts()', () => {
  it('hands on each file in its order', async () => {
    const names: string[] = []
    await readParts(TYPE, form('a', 'b/c'), async (name, content) => {
      names.push(`${name} ${(await content.toArray()).join('')}`)
    })
    expect(names).toEqual(['a x', 'b/c x'])
  })

  it('throws what a part threw whose content had come whole long before', async () => {
    const body = form('a', 'b')
    const isRead = once(body, 'close')
    const reading = readParts(TYPE, body, async (name, content) => {
      await content.toArray()
      await isRead
      for (let turn = 0; turn < 10; turn++) await setImmediate() // the parser has ended by then, too
      if (name === 'b') throw new Error('no space for b')
    })
    await expect(reading).rejects.toThrow('no space for b')
  })
})
