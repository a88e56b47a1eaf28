/** A site whose page asks at a steady rate, as often as it is told to. Nothing steers the page, so nothing but the page and what is measured uses CPU. */
import { createSecureServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { testCa } from '../../tests/support/certificates.ts'

/** Chromium refuses what a page asks for beyond some thousand at once: it waits where the machine is too slow for the rate. */
const mostOpen = 300

export interface Round {
  /** Requests of the page that came here. */
  asked: number
  /** Answered to the page, a second. */
  rate: number
  /** What the page itself says has failed. */
  failed: number
}

export interface SteadySite {
  url: string
  /** Lets the page ask so many times, each for a path of its own, `/item/<number>`. Resolves when all are answered. */
  round(count: number, perSecond: number): Promise<Round>
  close(): void
}

const page = `<!doctype html><title>load</title><link rel="icon" href="data:,"><script>
  let number = 0
  async function round({ count, perSecond }) {
    const began = performance.now()
    let asked = 0
    let open = 0
    let failed = 0
    const ask = async () => {
      asked++
      open++
      const body = '{"n":' + number + '}'
      await fetch('/item/' + number++, { method: 'POST', body }).then((response) => response.text()).catch(() => failed++)
      open--
    }
    while (asked < count || open > 0) {
      const due = Math.min(count, Math.floor((performance.now() - began) * perSecond / 1000))
      while (asked < due && open < ${mostOpen}) void ask()
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    await fetch('/done', { method: 'POST', body: JSON.stringify({ failed, tookMs: performance.now() - began }) })
  }
  const rounds = async () => {
    for (;;) await round(await (await fetch('/next', { cache: 'no-store' })).json())
  }
  void rounds()
</script>`

export async function startSteadySite(): Promise<SteadySite> {
  let asked = 0
  let waiting = Promise.withResolvers<(order: object) => void>()
  let done = Promise.withResolvers<{ failed: number; tookMs: number }>()
  const certificate = await (await testCa()).issue(['localhost'])
  const server = createSecureServer({ ...certificate, allowHTTP1: false }, (request, response) => {
    const { url: path = '' } = request
    if (path === '/next') return waiting.resolve((order) => response.end(JSON.stringify(order)))
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      if (path === '/done') done.resolve(JSON.parse(body) as { failed: number; tookMs: number })
      if (path.startsWith('/item/')) asked++
      response.setHeader('content-type', path === '/' ? 'text/html' : 'application/json')
      response.end(path === '/' ? page : `{"path":"${path}","fill":"${'x'.repeat(1000)}"}`)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `https://localhost:${(server.address() as AddressInfo).port}/`,
    async round(count, perSecond) {
      const begin = await waiting.promise
      waiting = Promise.withResolvers()
      done = Promise.withResolvers()
      asked = 0
      begin({ count, perSecond })
      const { failed, tookMs } = await done.promise
      return { asked, failed, rate: (1000 * count) / tookMs }
    },
    close: () => server.close(),
  }
}
