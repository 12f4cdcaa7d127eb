import { join } from 'node:path'
import { Sandbox } from '@e2b/code-interpreter'
import { loadConfig } from '@drowse/common'
import { seedTemplate, setupContext } from '@drowse/setup'
import { clientEnvironment, drowse } from '../test/platform/support/drowse.ts'
import { makeInstallation, removeInstallation } from '../test/platform/support/installation.ts'
import { loadFact, processorFact } from './machine.ts'
import { addSample, quantile, timed, type Samples } from './samples.ts'
import { tell } from './tell.ts'

const REPETITIONS = 40
const TEMPLATE = 'code-interpreter-v1'
const repository = join(import.meta.dirname, '..')

/**
 * Measures cells through `@e2b/code-interpreter`: a fresh sandbox with its first cell, a cell in a context that is there, and the first output
 * of one that goes on. `node --conditions=source bench/cells.ts`; needs root, and the template in `.cache/assets` ("drowse test" builds it).
 * Prints markdown. It has an installation of its own, and removes it.
 */
const assets = (process.env.DROWSE_TEST_ASSETS ??= join(repository, '.cache', 'assets'))
const installation = await makeInstallation({ httpPort: 24_140, httpsPort: 24_173, subnet: '10.236.0.0/17' })
try {
  const context = setupContext({ config: loadConfig({ env: installation.env }), repository, env: process.env })
  if (!(await seedTemplate(context, assets, TEMPLATE))) throw new Error(`"${TEMPLATE}" is not built in ${assets}`)
  await drowse(installation, ['up'])
  Object.assign(process.env, await clientEnvironment(installation))
  const samples: Samples = new Map()
  await measure(samples)
  const rows = [...samples].map(
    ([name, times]) => `| ${name} | ${quantile(times, 0.5).toFixed(1)} | ${quantile(times, 0.95).toFixed(1)} |`,
  )
  const facts = [`- ${new Date().toISOString()}; ${processorFact()}, node ${process.version}`, `- ${loadFact()}`]
  process.stdout.write(`${[...facts, '', '| | p50 ms | p95 ms |', '|---|---|---|', ...rows].join('\n')}\n`)
} finally {
  tell('removing the installation')
  await removeInstallation(installation)
}

async function measure(samples: Samples): Promise<void> {
  const first = await Sandbox.create()
  await first.runCode('1 + 1')
  await first.kill()
  const sandbox = await timed(samples, 'create() of the template, and its first cell', async () => {
    const made = await Sandbox.create()
    await made.runCode('1 + 1')
    return made
  })
  for (let index = 0; index < REPETITIONS; index++) {
    tell(`cells, ${index + 1} of ${REPETITIONS}`)
    const result = await timed(samples, "runCode('1 + 1')", () => sandbox.runCode('1 + 1'))
    if (result.text !== '2') throw new Error(`1 + 1 is ${result.text}`)
    await timed(samples, "runCode('1 + 1'), JavaScript", () => sandbox.runCode('1 + 1', { language: 'js' }))
    await firstOutput(samples, sandbox)
  }
  await sandbox.kill()
}

/** The cell prints at once, then goes on for a while. */
async function firstOutput(samples: Samples, sandbox: Sandbox): Promise<void> {
  const beforeMs = performance.now()
  let isFirst = true
  await sandbox.runCode('import time\nprint("first", flush=True)\ntime.sleep(0.05)\nprint("last")', {
    onStdout: () => {
      if (isFirst) addSample(samples, 'first output of a cell that goes on', performance.now() - beforeMs)
      isFirst = false
    },
  })
}
