/** The port of every sandbox on which nothing listens. */
export const CLOSED_PORT = 3001
