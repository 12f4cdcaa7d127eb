import { styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]

/** Where a command writes for people. */
export interface Terminal {
  /** Whether someone watches: spinners and colours only then. */
  isInteractive: boolean
  /** Width, in characters. */
  columns: number
  /** Writes text as it is. */
  write(text: string): void
  /** Writes one line. */
  line(text?: string): void
  /** Text in a style where styles show, else the text. */
  style(style: Style, text: string): string
}

/** A terminal on a stream; `NO_COLOR` and the like are honoured. */
export function streamTerminal(stream: NodeJS.WriteStream): Terminal {
  return {
    isInteractive: stream.isTTY,
    get columns() {
      // A terminal without a size says 0.
      return stream.columns || 120
    },
    write: (text) => void stream.write(text),
    line: (text = '') => void stream.write(`${text}\n`),
    style: (style, text) => styleText(style, text, { stream }),
  }
}
