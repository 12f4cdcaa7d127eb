import { describe, expect, it } from 'vitest'
import { mountsUnder } from './remove-tree.ts'

const MOUNTINFO = `22 1 254:0 / / rw - ext4 /dev/vda rw
30 22 0:26 / /data/a rw - overlay overlay rw
31 30 0:27 / /data/a/proc rw - proc proc rw
32 22 0:28 / /data/a\\040b rw - tmpfs tmpfs rw
33 22 0:29 / /data/ab rw - tmpfs tmpfs rw`

describe('mountsUnder()', () => {
  it('gives inner mounts before outer ones and no namesakes', () => {
    expect(mountsUnder(MOUNTINFO, '/data/a')).toEqual(['/data/a/proc', '/data/a'])
  })

  it('reads blanks in paths', () => {
    expect(mountsUnder(MOUNTINFO, '/data/a b')).toEqual(['/data/a b'])
  })
})
