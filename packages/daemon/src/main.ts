import { installToBase64 } from './rpc/install-to-base64.ts'

installToBase64()
// Only now: the library that writes messages looks for the method when it is loaded.
const { run } = await import('./run.ts')
await run()
