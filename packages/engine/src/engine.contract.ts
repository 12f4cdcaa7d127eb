import { afterEach, beforeEach, describe } from 'vitest'
import { describeAdoptionContract } from './contract/adoption.contract.ts'
import { describeImageContract } from './contract/image.contract.ts'
import { describeNetworkContract } from './contract/network.contract.ts'
import { describeRunContract } from './contract/run.contract.ts'
import { describeShellContract } from './contract/shell.contract.ts'
import { ContractSandboxes } from './contract/contract-sandboxes.ts'
import type { EngineHarness } from './contract/engine-harness.ts'

/** Defines the tests that every `Engine` passes. Each test has an engine of its own. */
export function describeEngineContract(name: string, makeEngine: () => Promise<EngineHarness>): void {
  describe(`${name} engine contract`, () => {
    let sandboxes: ContractSandboxes
    const current = (): ContractSandboxes => sandboxes

    beforeEach(async () => {
      sandboxes = await ContractSandboxes.open(makeEngine)
    })

    afterEach(async () => {
      await sandboxes[Symbol.asyncDispose]()
    })

    describeRunContract(current)
    describeShellContract(current)
    describeImageContract(current)
    describeNetworkContract(current)
    describeAdoptionContract(current)
  })
}
