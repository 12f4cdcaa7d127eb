/** An answer that is not 200: the text is the body, as the clients show it. */
export class InterpreterError extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}
