import { quantile, type Samples } from './samples.ts'
import { sizeName, type Size } from './sizes.ts'

/** What was measured with one size of guest. */
export interface SizeResult {
  size: Size
  /** Bytes of the image that raw runsc wrote. */
  imageBytes: number
  platform: Samples
  raw: Samples
}

/** The steps of raw runsc that do the same as an operation of the platform. */
const COUNTERPARTS: Readonly<Record<string, string>> = {
  'create(), pool': 'create + restore + first answer',
  'create(), no pool': 'create + restore + first answer',
  'pause(), then frozen': 'checkpoint + fsync',
  'pause(), then on disk': 'checkpoint + fsync',
  'connect() from frozen': 'thaw + first answer',
  'first byte from frozen': 'thaw + first answer',
  'files.read() from frozen': 'thaw + first answer',
  'connect() from disk, container ready': 'create + restore + first answer',
  'first byte from disk, container ready': 'create + restore + first answer',
  'files.read() from disk, container ready': 'create + restore + first answer',
  'connect() from disk': 'create + restore + first answer',
  'first byte from disk': 'create + restore + first answer',
  'files.read() from disk': 'create + restore + first answer',
}

/** The tables of a report, in markdown. */
export function report(facts: readonly string[], results: readonly SizeResult[]): string {
  const lines = facts.map((fact) => `- ${fact}`)
  for (const { size, imageBytes, platform, raw } of results) {
    lines.push('', `### ${sizeName(size)}, ${size.repetitions} repetitions, image ${megabytes(imageBytes)} MB`, '')
    lines.push('| through the client | p50 ms | p95 ms | raw runsc | p50 ms | p95 ms | ratio of p50 |')
    lines.push('|---|---|---|---|---|---|---|')
    for (const [name, values] of platform) lines.push(row(name, values, raw))
    lines.push(
      '',
      `Raw runsc: ${[...raw].map(([name, values]) => `${name} ${times(values)}`).join('; ')} (p50 / p95 ms).`,
    )
  }
  return `${lines.join('\n')}\n`
}

function row(name: string, values: readonly number[], raw: Samples): string {
  const other = COUNTERPARTS[name] ?? ''
  const rawValues = raw.get(other)
  const cells = [name, ms(quantile(values, 0.5)), ms(quantile(values, 0.95))]
  if (rawValues === undefined) return `| ${[...cells, '', '', '', ''].join(' | ')} |`
  const ratio = (quantile(values, 0.5) / quantile(rawValues, 0.5)).toFixed(2)
  return `| ${[...cells, other, ms(quantile(rawValues, 0.5)), ms(quantile(rawValues, 0.95)), ratio].join(' | ')} |`
}

function times(values: readonly number[]): string {
  return `${ms(quantile(values, 0.5))} / ${ms(quantile(values, 0.95))}`
}

function ms(value: number): string {
  return value < 10 ? value.toFixed(1) : value.toFixed(0)
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0)
}
