/** Server-sent events by curl through the real daemon: readable token by token, while the response is open. */
import { spawn } from 'node:child_process'
import type { ServerResponse } from 'node:http'
import type { Transform } from 'node:stream'
import { constants, createGzip, createZstdCompress } from 'node:zlib'
import { expect, onTestFinished, test, vi } from 'vitest'
import { capture, patience } from '../support/capture.ts'
import { startOrigin } from '../support/origin.ts'

const compressors: { [coding: string]: () => Transform } = {
  gzip: () => createGzip({ flush: constants.Z_SYNC_FLUSH }),
  zstd: () => createZstdCompress({ flush: constants.ZSTD_e_flush }),
}

test.each([['plain'], ['gzip'], ['zstd']])('curl -N, %s: each event is on record before the next is sent', async (coding) => {
  let response: ServerResponse | null = null
  const origin = await startOrigin((_, answer) => {
    answer.setHeader('content-type', 'text/event-stream')
    if (coding !== 'plain') answer.setHeader('content-encoding', coding)
    answer.flushHeaders()
    response = answer
  })
  const captured = await capture()
  const proxy = `http://127.0.0.1:${captured.session.proxy?.port}`
  const curl = spawn('curl', ['-sS', '-N', '--proxy', proxy, '--cacert', captured.home.caCertificate, `${origin.url}/stream`], {
    stdio: 'ignore',
  })
  onTestFinished(() => void curl.kill())
  const answer = await vi.waitFor(() => {
    expect(response).not.toBeNull()
    return response as unknown as ServerResponse
  }, patience)
  const compressor = compressors[coding]?.()
  compressor?.pipe(answer)
  const out = compressor ?? answer
  const tokens = ['The', ' weir', ' measures ☂']
  for (const [index, token] of tokens.entries()) {
    out.write(`event: token\nid: ${index}\ndata: ${JSON.stringify(token)}\n\n`)
    const { items } = await vi.waitFor(async () => {
      const page = await captured.client.call('exchange/readMessages', { sessionId: captured.session.id, seq: 1, since: index })
      expect(page.items).toHaveLength(1)
      return page
    }, patience)
    expect(items).toMatchObject([
      { index, direction: 'received', type: 'event', event: 'token', id: String(index), text: JSON.stringify(token) },
    ])
    await captured.exchanges(1, 'open')
  }
  out.end()
  const [done] = await captured.exchanges(1)
  expect(done?.anomalies).toBeUndefined()
})
