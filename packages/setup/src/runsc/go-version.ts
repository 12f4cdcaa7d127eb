/** Compares two dotted versions such as `1.26.3`: negative when `a` is older, 0 when equal. Missing parts count as 0. */
export function compareVersions(a: string, b: string): number {
  const left = a.split('.').map(Number)
  const right = b.split('.').map(Number)
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

/** The version in the output of `go env GOVERSION`, such as `1.26.8` of `go1.26.8 X:nocoverageredesign`. Pre-releases have none. */
export function parseGoVersion(text: string): string | undefined {
  return /^go(\d+\.\d+(?:\.\d+)?)(?:\s|-|$)/.exec(text.trim())?.[1]
}
