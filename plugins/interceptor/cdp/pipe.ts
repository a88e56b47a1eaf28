/** `--remote-debugging-pipe`: messages end with a NUL. */
import type { Readable, Writable } from 'node:stream'
import { Delimited } from './delimited.ts'
import type { Transport } from './transport.ts'

/** Beyond the largest body that is asked for, in base64. */
const mostBytes = 64 * 1024 * 1024

/** @param input the browser's descriptor 3 @param output its descriptor 4 */
export function pipeTransport(input: Writable, output: Readable): Transport {
  return {
    listen({ message, tooLong, closed }) {
      const messages = new Delimited({ separator: 0, mostBytes, whole: (bytes) => message(bytes.toString('utf8')), tooLong })
      output.on('data', (chunk: Buffer) => messages.push(chunk))
      output.once('close', closed)
      // The end of the browser shows in `close`.
      output.on('error', () => output.destroy())
      input.on('error', () => input.destroy())
    },
    send(text) {
      if (input.writable) input.write(`${text}\0`)
    },
    close() {
      input.destroy()
      output.destroy()
    },
  }
}
