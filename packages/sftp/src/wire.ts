import { SFTP } from 'ssh2/lib/protocol/SFTP.js'

/**
 * The library's side of the protocol over plain bytes: it means to live in a channel of an SSH connection, which here is only a place where
 * bytes go, without a window. `end` is called when the client does not keep to the protocol.
 */
export function openWire(send: (data: Buffer) => void, end: () => void): SFTP {
  const protocol = {
    // OpenSSH and whoever follows it give the two paths of a link in an order of their own.
    _remoteIdentRaw: 'SSH-2.0-OpenSSH',
    channelData: (_channel: number, data: Buffer) => send(data),
    channelClose: end,
  }
  const unbounded = { id: 0, window: Infinity, packetSize: Infinity, state: 'open' }
  const channel = { type: 'session', incoming: { ...unbounded }, outgoing: { ...unbounded } }
  const wire = new SFTP({ _protocol: protocol }, channel, { server: true })
  wire.on('error', end)
  return wire
}
