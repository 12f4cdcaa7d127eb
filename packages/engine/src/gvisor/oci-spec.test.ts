import { describe, expect, test } from 'vitest'
import type { SandboxSpec } from '../engine.ts'
import { ociSpec } from './oci-spec.ts'

const spec: SandboxSpec = {
  id: 'one',
  directory: '/d',
  layers: ['/l'],
  upperDirectory: '/u',
  workDirectory: '/w',
  guestDirectory: '/guest',
  hostname: 'name',
  network: { slot: 3 },
  limits: { memoryMb: 512, cpuCount: 0.5 },
}

describe('ociSpec', () => {
  const paths = { rootDirectory: '/d/root', networkNamespace: '/run/netns/n', cgroupPath: '/drowse-x/one' }

  test('turns limits into bytes, quota and tasks', () => {
    expect(ociSpec(spec, paths)).toMatchObject({
      linux: {
        cgroupsPath: '/drowse-x/one',
        resources: { memory: { limit: 536_870_912 }, cpu: { quota: 50_000, period: 100_000 } },
      },
    })
  })

  test('differs between two sandboxes only in what a restore lets differ', () => {
    const other = ociSpec({ ...spec, id: 'two', hostname: 'two' }, { ...paths, rootDirectory: '/e/root' })
    const strip = (value: object): object => ({ ...value, hostname: '', root: {} })
    expect(strip(other)).toEqual(strip(ociSpec(spec, paths)))
  })
})
