import type { EgressPolicy, HeaderRule } from './egress-policy.ts'
import { matchesDomain } from './names/matches-domain.ts'

/**
 * The headers that requests to `name` get: of the rule for that very name, else of the one with the longest `*.` suffix above it. Rules of
 * two patterns are never merged. Undefined when there is none.
 */
export function headersFor({ headers = [] }: EgressPolicy, name: string): Readonly<Record<string, string>> | undefined {
  const fitting = headers.filter(({ domain }) => domain !== '*' && matchesDomain(name, [domain]))
  const [best] = fitting.toSorted((a, b) => rank(b) - rank(a))
  return best?.headers
}

function rank({ domain }: HeaderRule): number {
  return domain.startsWith('*.') ? domain.length : Infinity
}

/** A flat list of names and values with the given headers set: all of a name's earlier ones go, whatever their case. */
export function withHeaders(raw: readonly string[], set: Readonly<Record<string, string>>): string[] {
  const replaced = new Set(Object.keys(set).map((name) => name.toLowerCase()))
  return [...withoutHeaders(raw, (name) => replaced.has(name)), ...Object.entries(set).flat()]
}

/** A flat list of names and values without those whose name, in lower case, `isUnwanted`. */
export function withoutHeaders(raw: readonly string[], isUnwanted: (name: string) => boolean): string[] {
  const kept: string[] = []
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const [name = '', value = ''] = raw.slice(at, at + 2)
    if (!isUnwanted(name.toLowerCase())) kept.push(name, value)
  }
  return kept
}
