/** A real HTTP/2 origin on loopback that keeps what it saw. */
import { createSecureServer, type IncomingHttpHeaders, type ServerHttp2Stream, type Settings } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { testCa } from './certificates.ts'

export interface SeenRequest {
  headers: IncomingHttpHeaders
  body: Buffer
}

export interface Http2Origin {
  port: number
  url: string
  seen: SeenRequest[]
}

export type Http2Answer = (stream: ServerHttp2Stream, request: SeenRequest) => void

export interface Http2OriginOptions {
  settings?: Settings
  /** Takes streams of CONNECT, which go on in both directions. */
  onConnect?: (stream: ServerHttp2Stream) => void
}

/** `answer` is called when a request is whole. Closed when the test has finished. */
export async function startHttp2Origin(answer: Http2Answer, { settings = {}, onConnect }: Http2OriginOptions = {}): Promise<Http2Origin> {
  const seen: SeenRequest[] = []
  const server = createSecureServer({ ...(await (await testCa()).issue(['localhost', '127.0.0.1'])), allowHTTP1: false, settings })
  const sessions = new Set<{ destroy(): void }>()
  server.on('session', (session) => {
    sessions.add(session)
    session.on('close', () => sessions.delete(session))
    session.on('error', () => undefined)
  })
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined)
    if (headers[':method'] === 'CONNECT' && onConnect) {
      onConnect(stream)
      return
    }
    const chunks: Buffer[] = []
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('end', () => {
      const request = { headers, body: Buffer.concat(chunks) }
      seen.push(request)
      answer(stream, request)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const session of sessions) session.destroy()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { port, url: `https://localhost:${port}`, seen }
}
