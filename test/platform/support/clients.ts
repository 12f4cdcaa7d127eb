import * as e2b from 'e2b'
import * as novita from 'novita-sandbox'

/** The two JavaScript packages as published. They share the calls that these tests make. */
export const CLIENTS = [
  { name: 'e2b', Sandbox: e2b.Sandbox, NotFoundError: e2b.NotFoundError },
  // The types of the two packages differ in details that the tests do not touch.
  {
    name: 'novita-sandbox',
    Sandbox: novita.Sandbox as unknown as typeof e2b.Sandbox,
    NotFoundError: novita.NotFoundError,
  },
] as const
