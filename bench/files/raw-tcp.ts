/** Ports of {@link rawTcpProgram}: one sends, one takes. */
export const RAW_DOWN_PORT = 7001
export const RAW_UP_PORT = 7002

/** A Python program that sends or takes `bytes` on each connection and does nothing else: what the sandbox's network alone takes. */
export function rawTcpProgram(bytes: number): string {
  return `
import socket, threading
memory = bytearray(1 << 20)
def serve(port, handle):
    server = socket.create_server(('0.0.0.0', port))
    while True:
        connection, _ = server.accept()
        with connection:
            handle(connection)
def down(connection):
    for _ in range(${bytes} // len(memory)):
        connection.sendall(memory)
def up(connection):
    left = ${bytes}
    while left > 0:
        count = connection.recv_into(memory)
        if count == 0:
            return
        left -= count
    connection.sendall(b'taken')
threading.Thread(target=serve, args=(${RAW_DOWN_PORT}, down), daemon=True).start()
serve(${RAW_UP_PORT}, up)
`
}
