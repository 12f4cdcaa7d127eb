/** One line of the answer to an execution, as the clients read it. */
export type OutputMessage =
  | { type: 'number_of_executions'; execution_count: number }
  | { type: 'stdout' | 'stderr'; text: string; /** Unix time in ns. */ timestamp: number }
  | ({ type: 'result'; is_main_result: boolean } & Record<string, unknown>)
  | { type: 'error'; name: string; value: string; traceback: string }
  | { type: 'keepalive' }
  | { type: 'end_of_execution' }

/**
 * Writes a message as one line of JSON in plain ASCII: the JavaScript client decodes each network chunk by itself, which breaks any
 * character that a chunk's end cuts in two.
 */
export function messageLine(message: OutputMessage): string {
  const json = JSON.stringify(message)
  return `${json.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`
}
