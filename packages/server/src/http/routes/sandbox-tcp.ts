import { DrowseError } from '@drowse/protocol'
import type { Api } from './api.ts'

/** `GET /sandboxes/:sandboxID/tcp/:port` without an upgrade; with one it never comes to a route, see `PortStreams`. */
export function sandboxTcp(api: Api): void {
  api.get('/sandboxes/:sandboxID/tcp/:port', () => {
    throw new DrowseError(
      'invalid_argument',
      'Cannot stream to the port: ask for a WebSocket (Upgrade: websocket), as "drowse port-forward" does',
    )
  })
}
