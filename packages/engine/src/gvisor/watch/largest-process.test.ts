import { expect, test } from 'vitest'
import { endableProcesses, largestProcess } from './largest-process.ts'

const MIB = 1024 * 1024

/** As `containerManager.ProcfsDump` answers. */
const dump = [
  { status: { comm: 'tini', pid: 1, vm_rss: 900_000 } },
  { status: { comm: 'MainThread', pid: 2, ppid: 1, vm_rss: 800_000 } },
  { status: { comm: 'orphan', pid: 9, ppid: 1, vm_rss: 60 * 1024 } },
  { status: { comm: 'hog', pid: 12, ppid: 2, vm_rss: 400 * 1024 } },
  {
    status: { comm: 'filer', pid: 13, ppid: 2, vm_rss: 1024 },
    fdlist: [{ number: 3, path: '/memfd:x (deleted)' }, {}],
  },
  {},
]

test('endableProcesses leaves out the first process and the daemon', () => {
  expect(endableProcesses(dump)).toEqual([
    { pid: 9, name: 'orphan', residentBytes: 60 * MIB, memoryFiles: 0 },
    { pid: 12, name: 'hog', residentBytes: 400 * MIB, memoryFiles: 0 },
    { pid: 13, name: 'filer', residentBytes: MIB, memoryFiles: 1 },
  ])
  expect(endableProcesses(null)).toEqual([])
})

test('largestProcess is the one with the most resident memory', () => {
  const need = { heldBytes: 512 * MIB, goodPartBytes: 51 * MIB, isUrgent: false }
  expect(largestProcess(endableProcesses(dump), need)?.name).toBe('hog')
  expect(largestProcess([], need)).toBeUndefined()
})

test('largestProcess is one with files in memory where processes explain less than half of what is held', () => {
  const need = { heldBytes: 2048 * MIB, goodPartBytes: 51 * MIB, isUrgent: false }
  expect(largestProcess(endableProcesses(dump), need)?.name).toBe('filer')
})

test('largestProcess is a small one only when it is urgent', () => {
  const small = endableProcesses(dump.slice(0, 3))
  const need = { heldBytes: 512 * MIB, goodPartBytes: 100 * MIB }
  expect(largestProcess(small, { ...need, isUrgent: false })).toBeUndefined()
  expect(largestProcess(small, { ...need, isUrgent: true })?.name).toBe('orphan')
})
