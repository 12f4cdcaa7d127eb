import { expect, test } from 'vitest'
import { Harness } from '../testing/harness.ts'
import { SERVER_STEPS } from './steps.ts'

test('every step is reached, each operation going through intent, effect and outcome', async () => {
  await using h = await Harness.start()
  const id = await h.create()
  await h.pause(id)
  await h.connect(id)
  await h.kill(id)
  await h.create({ timeoutS: 60 })
  await h.create({ timeoutS: 61, autoPause: true })
  await h.pass(60)
  await h.pass(1)
  const steps = (operation: string): string[] =>
    ['intent', 'effect', 'outcome'].map((phase) => `server.${operation}.${phase}`)
  const operations = ['create', 'pause', 'resume', 'kill', 'create', 'create', 'expiry', 'expiry']
  expect(h.steps).toEqual(operations.flatMap(steps))
  expect(new Set(h.steps)).toEqual(new Set(SERVER_STEPS))
})
