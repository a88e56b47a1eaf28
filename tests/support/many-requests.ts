/** A page that asks 500 times at once, 100 times for the same; which of them is which tell the place in its script and a header field. */
import type { RequestListener } from 'node:http'
import { createSecureServer } from 'node:http2'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Exchange } from '../../sdk/model.ts'
import { testCa } from './certificates.ts'

export const requests = 500
const identical = 100

/** Line n of the script asks with `x-n: n`. */
const script = (lines: number) =>
  `${Array.from({ length: lines }, (_, index) => {
    const path = index % (lines / identical) === 0 ? '/same' : `/item/${index}`
    const asks = `asks.push(fetch('${path}', { cache: 'no-store', headers: { 'x-n': '${index + 1}' } }).then((r) => r.text()))`
    return index === 0 ? `const asks = []; ${asks}` : asks
  }).join('\n')}\nPromise.all(asks).then(() => fetch('/done'))\n`

const page = '<!doctype html><link rel="icon" href="data:,"><script src="/many.js"></script>'

export interface ManyRequests {
  url: string
  /** How many came. */
  asked(): number
  close(): void
}

/** HTTP/1.1 or HTTP/2. */
export async function startManyRequests(version: 'h1' | 'h2'): Promise<ManyRequests> {
  let asked = 0
  const answer: RequestListener = (request, response) => {
    const { url: path = '' } = request
    if (path === '/') response.setHeader('content-type', 'text/html')
    if (path === '/many.js') response.setHeader('content-type', 'text/javascript')
    if (request.headers['x-n'] !== undefined) asked++
    const body = path === '/' ? page : path === '/many.js' ? script(requests) : `you asked for ${path} as ${String(request.headers['x-n'])}`
    // Answers overtake each other.
    setTimeout(() => response.end(body), Number(request.headers['x-n'] ?? 0) % 7)
  }
  const tls = await (await testCa()).issue(['localhost'])
  const server = version === 'h1' ? createServer(tls, answer) : createSecureServer(tls, answer as never)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = () => {
    server.close()
  }
  return { url: `https://localhost:${(server.address() as AddressInfo).port}`, asked: () => asked, close }
}

/** What the wire says that the exchange is; null: it was not on the wire. */
export const onWire = ({ source, request }: Exchange): number | null =>
  source === 'proxy' ? Number(request.headers.find(([name]) => name.toLowerCase() === 'x-n')?.[1]) : null

/** What the browser says. */
export const inScript = ({ browser }: Exchange): number | null => browser?.initiator?.line ?? null
