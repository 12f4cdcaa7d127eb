import { describeEngineContract } from '../engine.contract.ts'
import { makeGvisorHarness } from '../testing/gvisor-harness.ts'
import { findTestAssets } from '../testing/test-assets.ts'

const assets = findTestAssets()

describeEngineContract('gVisor', async () => await makeGvisorHarness(assets))
