/** A TLS origin that keeps every byte it was sent and answers with bytes that the test wrote. */
import type { Socket } from 'node:net'
import { startRawOrigin } from './origin.ts'

export interface ReceivedRequest {
  /** Without the empty line at its end; bytes as U+0000..00FF. */
  head: string
  body: Buffer
}

export interface ExactOrigin {
  port: number
  /** `https://localhost:port`, without a slash at its end. */
  url: string
  requests: ReceivedRequest[]
}

/** `answer`: the whole response to each request. Requests are framed by Content-Length. */
export async function startExactOrigin(answer: (request: ReceivedRequest) => Uint8Array, tls = true): Promise<ExactOrigin> {
  const requests: ReceivedRequest[] = []
  const origin = await startRawOrigin(
    (socket: Socket) => {
      let pending = Buffer.alloc(0)
      socket.on('error', () => socket.destroy())
      socket.on('end', () => socket.end())
      socket.on('data', (chunk) => {
        pending = Buffer.concat([pending, chunk])
        for (let request = take(); request; request = take()) {
          requests.push(request)
          socket.write(answer(request))
        }
      })
      function take(): ReceivedRequest | null {
        const end = pending.indexOf('\r\n\r\n')
        if (end === -1) return null
        const head = pending.toString('latin1', 0, end)
        const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0)
        if (pending.length < end + 4 + length) return null
        const body = Buffer.from(pending.subarray(end + 4, end + 4 + length))
        pending = pending.subarray(end + 4 + length)
        return { head, body }
      }
    },
    { tls },
  )
  return { port: origin.port, url: origin.url, requests }
}

/** The field lines of a head, in order, as they were written, outer white space trimmed. */
export const fieldsOf = (head: string): [string, string][] =>
  head
    .split('\r\n')
    .slice(1)
    .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).replace(/^[ \t]+|[ \t]+$/g, '')])

/** The request target of a head, as it was written. */
export const targetOf = (head: string): string => head.slice(head.indexOf(' ') + 1, head.lastIndexOf(' ', head.indexOf('\r\n')))
