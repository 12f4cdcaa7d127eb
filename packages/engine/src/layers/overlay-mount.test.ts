import { describe, expect, test } from 'vitest'
import { mountOverlay } from './overlay-mount.ts'

describe('mountOverlay', () => {
  test.each(['/a:b', '/a,lowerdir=/etc', '/a\\b'])(
    'refuses the layer "%s", which would become options',
    async (layer) => {
      const overlay = { layers: [layer], upperDirectory: '/u', workDirectory: '/w', mountPoint: '/m' }
      await expect(mountOverlay(overlay)).rejects.toMatchObject({ code: 'invalid_argument' })
    },
  )
})
