/** A port of this machine, and the one of a sandbox that it leads to. */
export interface PortMapping {
  /** 0 takes a free one. */
  localPort: number
  port: number
}

/** Reads `<local>:<port>`, or `<port>` for the same on both sides; `undefined` for anything else. */
export function parsePortMapping(text: string): PortMapping | undefined {
  const [, first, second] = /^(\d{1,5})(?::(\d{1,5}))?$/.exec(text) ?? []
  const localPort = Number(first)
  const port = Number(second ?? first)
  const isValid = localPort <= 65_535 && port >= 1 && port <= 65_535
  return first !== undefined && isValid ? { localPort, port } : undefined
}
