/** One look at a running sandbox. */
export interface MetricPoint {
  atMs: number
  /** Share of its CPUs that it used since the look before, in percent. */
  cpuUsedPct: number
  memoryBytes: number
  cacheBytes: number
  diskBytes: number
  /** Over all runs, as they were then. */
  sentBytes: number
  receivedBytes: number
}

/** Points of one piece of a series; a piece is what is added and dropped. */
const CHUNK_POINTS = 60
/** Numbers of a point: instant, CPU, memory, cache, disk, sent, received. */
const WIDTH = 7
/** Sizes are kept in KiB, as single-precision numbers: exact up to 16 GiB, and within a ten-millionth above. */
const KIB = 1024

interface Chunk {
  /** Instants are kept as seconds after this one. */
  startMs: number
  count: number
  values: Float32Array
}

/**
 * Points of one sandbox, oldest first, in 28 bytes each. The oldest piece goes when there are more than `maxChunks`.
 */
export class MetricSeries {
  readonly #maxChunks: number
  #chunks: Chunk[] = []

  constructor(maxPoints: number) {
    this.#maxChunks = Math.ceil(maxPoints / CHUNK_POINTS) + 1
  }

  /** Adds a point later than all before. */
  add(point: MetricPoint): void {
    const chunk = this.#chunkFor(point.atMs)
    const { atMs, cpuUsedPct, memoryBytes, cacheBytes, diskBytes, sentBytes, receivedBytes } = point
    const kib = [memoryBytes, cacheBytes, diskBytes, sentBytes, receivedBytes].map((bytes) => bytes / KIB)
    chunk.values.set([(atMs - chunk.startMs) / 1000, cpuUsedPct, ...kib], chunk.count * WIDTH)
    chunk.count += 1
  }

  /** Points of an instant within the two, both included. */
  between(startMs: number, endMs: number): MetricPoint[] {
    return this.#chunks.flatMap(readChunk).filter(({ atMs }) => atMs >= startMs && atMs <= endMs)
  }

  /** The last point. */
  last(): MetricPoint | undefined {
    const chunk = this.#chunks.at(-1)
    return chunk && readChunk(chunk).at(-1)
  }

  #chunkFor(atMs: number): Chunk {
    const last = this.#chunks.at(-1)
    if (last !== undefined && last.count < CHUNK_POINTS) return last
    const chunk = { startMs: atMs, count: 0, values: new Float32Array(CHUNK_POINTS * WIDTH) }
    this.#chunks = [...this.#chunks, chunk].slice(-this.#maxChunks)
    return chunk
  }
}

function readChunk({ startMs, count, values }: Chunk): MetricPoint[] {
  return Array.from({ length: count }, (_, at) => {
    const [seconds = 0, cpuUsedPct = 0, memory = 0, cache = 0, disk = 0, sent = 0, received = 0] = values.subarray(
      at * WIDTH,
      (at + 1) * WIDTH,
    )
    return {
      atMs: Math.round(startMs + seconds * 1000),
      cpuUsedPct: Math.round(cpuUsedPct * 100) / 100,
      memoryBytes: memory * KIB,
      cacheBytes: cache * KIB,
      diskBytes: disk * KIB,
      sentBytes: sent * KIB,
      receivedBytes: received * KIB,
    }
  })
}
