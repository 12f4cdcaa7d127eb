/** A runsc binary that may be installed. */
export interface RunscCandidate {
  /** Absolute path of the binary; it is copied from there. */
  path: string
  /** How it came, for people: `found ...`, `fetched ...` or `built ...`. */
  source: string
}
