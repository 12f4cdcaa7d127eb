/** How much memory a guest holds, and how often everything is measured with it. */
export interface Size {
  /** MiB of random bytes that a Python process holds; 0 for a sandbox with nothing but its daemon. */
  holdMb: number
  repetitions: number
}

/** A fresh sandbox has about 16 MB of pages of its own; the others hold random bytes on top. */
export const SIZES: readonly Size[] = [
  { holdMb: 0, repetitions: 20 },
  { holdMb: 256, repetitions: 5 },
  { holdMb: 1024, repetitions: 5 },
]

/** Memory that each sandbox of a benchmark may use, in MiB: the largest size and what runs beside it. */
export const MEMORY_MB = 2048

/** Program that holds as many MiB of random bytes as its argument says, and makes the file /tmp/held when it does. */
export const HOLD_PROGRAM = `
import os, sys, time
held = [os.urandom(1 << 20) for _ in range(int(sys.argv[1]))]
open('/tmp/held', 'w').close()
while True:
    time.sleep(3600)
`

/** How a size is called in the report. */
export function sizeName({ holdMb }: Size): string {
  if (holdMb === 0) return '16 MB'
  return holdMb < 1024 ? `${holdMb} MB` : `${holdMb / 1024} GiB`
}
