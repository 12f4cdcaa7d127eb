import { expect, test } from 'vitest'
import { MetricSeries, type MetricPoint } from './metric-series.ts'

const START_MS = 1_700_000_000_000
const point = (i: number): MetricPoint => ({
  atMs: START_MS + i * 5000,
  cpuUsedPct: 12.34,
  memoryBytes: 8 * 2 ** 30 + 4096,
  cacheBytes: 4096 * i,
  diskBytes: 0,
  sentBytes: 1024 * i,
  receivedBytes: 2048 * i,
})

test('gives back what was added, in order, of the instants asked for', () => {
  const series = new MetricSeries(720)
  const points = Array.from({ length: 200 }, (_, i) => point(i))
  for (const each of points) series.add(each)
  expect(series.between(0, Infinity)).toEqual(points)
  expect(series.between(START_MS + 5000, START_MS + 15_000)).toEqual(points.slice(1, 4))
  expect(series.last()).toEqual(points.at(-1))
})

test('is empty at first', () => {
  const series = new MetricSeries(720)
  expect(series.between(0, Infinity)).toEqual([])
  expect(series.last()).toBeUndefined()
})

test('keeps the latest at least as many as asked for, and not many more', () => {
  const series = new MetricSeries(720)
  for (let i = 0; i < 10_000; i++) series.add(point(i))
  const kept = series.between(0, Infinity)
  expect(kept.length).toBeGreaterThanOrEqual(720)
  expect(kept.length).toBeLessThanOrEqual(780)
  expect(kept.at(-1)).toEqual(point(9_999))
})

test('tells a gap, as a pause leaves one, from a run without', () => {
  const series = new MetricSeries(720)
  const late = { ...point(1), atMs: START_MS + 30 * 24 * 3_600_000 }
  series.add(point(0))
  series.add(late)
  expect(Math.abs((series.last()?.atMs ?? 0) - late.atMs)).toBeLessThan(1000)
})
