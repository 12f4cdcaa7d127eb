import { expect, it } from 'vitest'
import { hasNetworkMount, isOnNetworkMount, parseMounts } from './mount-table.ts'

const local = `16 15 0:17 / / rw - 9p none rw,trans=fd
20 16 0:20 / /tmp rw shared:1 - tmpfs none rw
`
const remote = `${local}30 16 0:30 / /mnt/my\\040bucket rw - fuse.s3fs s3fs rw
31 30 0:31 / /mnt/my\\040bucket/local rw - tmpfs none rw
`

it('parseMounts() reads paths and types', () => {
  expect(parseMounts(local)).toEqual([
    { path: '/', type: '9p' },
    { path: '/tmp', type: 'tmpfs' },
  ])
})

it('hasNetworkMount() and isOnNetworkMount() know who answers for a path', () => {
  expect(hasNetworkMount(parseMounts(local))).toBe(false)
  const mounts = parseMounts(remote)
  expect(hasNetworkMount(mounts)).toBe(true)
  const on = (path: string): boolean => isOnNetworkMount(mounts, path)
  expect(on('/mnt/my bucket')).toBe(true)
  expect(on('/mnt/my bucket/x/y')).toBe(true)
  expect(on('/mnt/my bucket/local/x')).toBe(false)
  expect(on('/mnt/my bucketeer')).toBe(false)
  expect(on('/')).toBe(false)
})
