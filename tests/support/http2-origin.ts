/** A real HTTP/2 origin on loopback that keeps what it saw. */
import { createSecureServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
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

/** Closed when the test has finished. */
export async function startHttp2Origin(answer: Http2Answer): Promise<Http2Origin> {
  const seen: SeenRequest[] = []
  const server = createSecureServer({ ...(await (await testCa()).issue(['localhost', '127.0.0.1'])), allowHTTP1: false })
  const sessions = new Set<{ destroy(): void }>()
  server.on('session', (session) => {
    sessions.add(session)
    session.on('close', () => sessions.delete(session))
    session.on('error', () => undefined)
  })
  server.on('stream', (stream, headers) => {
    const chunks: Buffer[] = []
    stream.on('error', () => undefined)
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
