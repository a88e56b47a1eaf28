/** A thread that dies while weir sends: what became of the request is said, and on record. */
import { expect, it } from 'vitest'
import { daemonInProcess } from '../support/daemon-in-process.ts'
import { startOrigin } from '../support/origin.ts'

it('is failed on record when the proxy thread dies amid it, and the next request is sent by another', async () => {
  const daemon = await daemonInProcess()
  const { client } = daemon
  let answers = false
  const origin = await startOrigin((_, response) => void (answers && response.end('now')), { tls: false })
  const begun = Promise.withResolvers<unknown>()
  const request = { method: 'GET', url: origin.url }
  const sending = client.call('request/send', { request }, { onProgress: begun.resolve })
  await begun.promise
  daemon.kill('proxy')
  expect(await sending).toMatchObject({ seq: 1, source: 'send', state: 'failed', error: { reason: 'proxyCrashed' } })
  answers = true
  expect(await client.call('request/send', { request })).toMatchObject({ seq: 2, state: 'complete', response: { status: 200 } })
})
