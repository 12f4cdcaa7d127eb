/** Tells how far a run is, on standard error: standard output is for the figures. */
export function tell(line: string): void {
  process.stderr.write(`${line}\n`)
}
