/** Times of one operation, in ms, in the order in which they were taken. */
export type Samples = Map<string, number[]>

/** Runs `work`, adds how long it took to the samples of `name`, and hands on what it gave. */
export async function timed<T>(samples: Samples, name: string, work: () => Promise<T>): Promise<T> {
  const before = performance.now()
  const result = await work()
  addSample(samples, name, performance.now() - before)
  return result
}

/** Adds one value, in ms, to the samples of `name`. */
export function addSample(samples: Samples, name: string, ms: number): void {
  samples.set(name, [...(samples.get(name) ?? []), ms])
}

/** The value that a fraction `q` (0–1) of `values` does not exceed (nearest rank); NaN of none. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? NaN
}
