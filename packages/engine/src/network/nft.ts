import { exec } from '@drowse/common'

/** Puts the transaction `ruleset` in force: all of it, or nothing when a part is refused. */
export async function runNft(ruleset: string): Promise<void> {
  await exec('nft', ['-f', '-'], { input: ruleset, timeoutMs: 15_000 })
}
