/** A daemon that speaks another version of the protocol, as a process: it answers on the socket that is its argument, and ends when it is told to. */
import { createServer } from 'node:net'
import { createMessageConnection, StreamMessageReader, StreamMessageWriter } from '../../sdk/json-rpc.ts'

const server = createServer((socket) => {
  const connection = createMessageConnection(new StreamMessageReader(socket), new StreamMessageWriter(socket))
  socket.on('error', () => socket.destroy())
  connection.onRequest('initialize', () => ({
    daemon: { name: 'weir', version: '9.1.0', pid: process.pid },
    protocol: 2,
    capabilities: [],
  }))
  connection.onRequest('daemon/stop', () => {
    setImmediate(() => process.exit(0))
    return {}
  })
  connection.listen()
})
server.listen(process.argv[2], () => process.stdout.write('ready\n'))
