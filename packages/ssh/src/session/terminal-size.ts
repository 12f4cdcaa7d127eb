/** Size of a terminal in characters. */
export interface TerminalSize {
  cols: number
  rows: number
}

/** The most that a terminal takes, and what clients without a size of their own get. */
const MAX_CHARACTERS = 65_535
const USUAL = { cols: 80, rows: 24 }

/** A size as clients ask for it, made one that a terminal can have. */
export function terminalSize(asked: TerminalSize): TerminalSize {
  const { cols, rows } = asked
  return { cols: within(cols, USUAL.cols), rows: within(rows, USUAL.rows) }
}

function within(value: number, usual: number): number {
  return value < 1 ? usual : Math.min(value, MAX_CHARACTERS)
}
