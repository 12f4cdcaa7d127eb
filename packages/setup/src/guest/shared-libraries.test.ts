import { describe, expect, it } from 'vitest'
import { parseLdd } from './shared-libraries.ts'

describe('parseLdd()', () => {
  it('gives libraries and loader, without the kernel page', () => {
    const text = `\tlinux-vdso.so.1 (0x00007ffe5b9d2000)
\tlibdl.so.2 => /lib/x86_64-linux-gnu/libdl.so.2 (0x00007f1b8d4a5000)
\tlibstdc++.so.6 => /lib/x86_64-linux-gnu/libstdc++.so.6 (0x00007f1b8d200000)
\t/lib64/ld-linux-x86-64.so.2 (0x00007f1b8d4b4000)`
    expect(parseLdd(text)).toEqual([
      '/lib/x86_64-linux-gnu/libdl.so.2',
      '/lib/x86_64-linux-gnu/libstdc++.so.6',
      '/lib64/ld-linux-x86-64.so.2',
    ])
  })

  it('refuses a library that is not there', () => {
    expect(() => parseLdd('\tlibfoo.so.1 => not found')).toThrow('libfoo.so.1')
  })
})
