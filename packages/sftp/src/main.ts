import { FileService } from './file-service.ts'
import { openWire } from './wire.ts'

/** Serves the files of the sandbox to the client behind standard input and output, as the user that it runs as. */
const wire = openWire(
  (data) => void process.stdout.write(data),
  () => process.exit(1),
)
new FileService(wire).listen()
process.stdin.on('data', (data: Buffer) => {
  try {
    wire.push(data)
  } catch {
    process.exit(1) // some of what is none of the protocol the library stumbles over
  }
})
process.stdin.once('end', () => process.exit(0))
process.stdout.once('error', () => process.exit(1))
