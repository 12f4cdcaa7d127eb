/**
 * Tells whether a host name is one that a policy opens: equal to a pattern, or below one that begins with `*.`. `*` alone opens every name.
 * Case and a dot at the end do not count.
 */
export function matchesDomain(name: string, patterns: readonly string[]): boolean {
  const wanted = plain(name)
  if (wanted === '') return false
  return patterns.some((pattern) => {
    const known = plain(pattern)
    if (known === '*') return true
    return known.startsWith('*.') ? wanted.endsWith(known.slice(1)) : wanted === known
  })
}

function plain(name: string): string {
  return name.toLowerCase().replace(/\.$/, '')
}
