/**
 * The points of an operation at which a test can end the service, to see what the next start makes of it.
 * `intent`: it is durable what is going to happen. `effect`: the node has done it. `outcome`: the store knows that too.
 * `expiry` are the pauses and kills that a deadline causes.
 */
export const SERVER_STEPS = [
  'server.create.intent',
  'server.create.effect',
  'server.create.outcome',
  'server.pause.intent',
  'server.pause.effect',
  'server.pause.outcome',
  'server.resume.intent',
  'server.resume.effect',
  'server.resume.outcome',
  'server.kill.intent',
  'server.kill.effect',
  'server.kill.outcome',
  'server.expiry.intent',
  'server.expiry.effect',
  'server.expiry.outcome',
] as const

/** Name of one of {@link SERVER_STEPS}. */
export type ServerStep = (typeof SERVER_STEPS)[number]
