/**
 * A clear-text forward proxy in plain node:http that records nothing: streams through, keeps connections alive on both sides.
 * Prints `{"port", "caPem"}` (empty: no TLS here) once it listens on loopback.
 */
import { Agent, createServer, type RequestOptions, request as send } from 'node:http'

const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY })
const hopByHop = new Set(['proxy-connection', 'proxy-authorization', 'connection', 'keep-alive'])

/** Raw header pairs as they came, without those that belong to one hop. */
function endToEnd(raw: string[]): string[] {
  const kept: string[] = []
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] ?? ''
    if (!hopByHop.has(name.toLowerCase())) kept.push(name, raw[i + 1] ?? '')
  }
  return kept
}

const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0, noDelay: true }, (incoming, answer) => {
  const target = new URL(incoming.url ?? '/')
  const options: RequestOptions = {
    agent,
    host: target.hostname,
    port: target.port || 80,
    method: incoming.method ?? 'GET',
    path: target.pathname + target.search,
    headers: endToEnd(incoming.rawHeaders),
  }
  const forwarded = send(options)
  forwarded.on('response', (response) => {
    answer.writeHead(response.statusCode ?? 502, response.statusMessage, endToEnd(response.rawHeaders))
    response.pipe(answer)
  })
  forwarded.on('error', () => answer.destroy())
  incoming.pipe(forwarded)
})

server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as { port: number }
  process.stdout.write(`${JSON.stringify({ port, caPem: '' })}\n`)
})
