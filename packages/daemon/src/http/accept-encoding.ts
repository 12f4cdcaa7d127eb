/**
 * Chooses the encoding of a download: `gzip` only for a client that names nothing else (it asked on purpose; HTTP libraries
 * list gzip among others in every request, and compressing costs more than the way to the gateway does), else `identity`;
 * `undefined` when the client accepts neither.
 */
export function acceptedEncoding(header: string | string[] | undefined): 'identity' | 'gzip' | undefined {
  const weights = parseWeights(String(header ?? ''))
  const named = [...weights.keys()].filter((name) => weights.get(name) !== 0)
  const acceptsGzip = (weights.get('gzip') ?? weights.get('*') ?? 0) > 0
  const acceptsIdentity = (weights.get('identity') ?? weights.get('*') ?? 1) > 0
  if (acceptsGzip && (!acceptsIdentity || (named.length === 1 && named[0] === 'gzip'))) return 'gzip'
  return acceptsIdentity ? 'identity' : undefined
}

function parseWeights(header: string): Map<string, number> {
  const weights = new Map<string, number>()
  for (const part of header.split(',')) {
    const [name, ...parameters] = part.split(';').map((text) => text.trim().toLowerCase())
    if (name === undefined || name === '') continue
    const quality = parameters.find((parameter) => parameter.startsWith('q='))
    weights.set(name, quality === undefined ? 1 : Number(quality.slice(2)) || 0)
  }
  return weights
}
