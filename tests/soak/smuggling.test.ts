/**
 * Promise 10. The clear-text forwarder is the only place that must find where messages end: whatever is unclear about that, one client
 * connection is one origin connection, what the origin gets is what was sent, and the record says what is odd.
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { CopyKind } from '../../daemon/capture/wire-copy.ts'
import { RecordedSession } from '../capture/kept-records.ts'
import { answerOf } from '../support/answered-by-weir.ts'
import { startRawOrigin } from '../support/origin.ts'
import { type CopyRecord, startProxy } from '../support/proxy.ts'
import { type SmugglingVector, smugglingCorpus } from '../support/smuggling-corpus.ts'
import { keepOutcome, sizeOf, timeoutOf } from './size.ts'

const seed = 20_261_125
const atOnce = 40
const ownField = 'Proxy-Connection: keep-alive\r\n'
const idIn = (text: string): string[] => [...new Set(text.match(/v\d+v/g) ?? [])]

/** What the rewriting of a proxy may take away, taken away everywhere: the authority of targets and the proxy's own fields. */
const withoutRewriting = (text: string, host: string): string => text.replaceAll(`http://${host}`, '').replaceAll(ownField, '')

/** The end of what was sent that is this when the rewriting is undone. */
function asSent(raw: string, rest: string, host: string): string {
  let from = raw.length - rest.length
  while (withoutRewriting(raw.slice(from), host) !== rest) from--
  return raw.slice(from)
}

async function anomaliesOf(records: readonly CopyRecord[]): Promise<string[]> {
  const session = new RecordedSession()
  for (const { kind, bytes } of records) {
    if (kind === 'opened')
      session.script.record(1, CopyKind.opened, Buffer.from(JSON.stringify({ ...JSON.parse(bytes.toString()), session: 0 })))
    else session.script.record(1, CopyKind[kind], bytes)
  }
  expect(session.faults).toEqual([])
  return session.rows.flatMap(({ record }) => record.anomalies ?? [])
}

test('a corpus of ambiguous requests', { timeout: timeoutOf(120_000) }, async () => {
  const atOrigin: { text: string }[] = []
  const origin = await startRawOrigin(
    (socket: Socket) => {
      const seen = { text: '' }
      atOrigin.push(seen)
      socket.on('error', () => undefined)
      socket.on('data', (chunk) => {
        // As every server would, before it knows whether the client is honest about what follows.
        if (seen.text === '') socket.write(`HTTP/1.1 200 OK\r\nX-For: ${idIn(chunk.toString('latin1'))}\r\nContent-Length: 0\r\n\r\n`)
        seen.text += chunk.toString('latin1')
      })
      socket.on('end', () => socket.end())
    },
    { tls: false },
  )
  const proxy = await startProxy()
  const host = `localhost:${origin.port}`

  async function send({ text }: SmugglingVector): Promise<{ answer: string; port: number }> {
    const socket = connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true })
    await once(socket, 'connect')
    const { localPort } = socket
    let answer = ''
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1')
    })
    socket.on('error', () => undefined)
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.end(Buffer.from(text.replaceAll('HOST', host), 'latin1'))
    await closed
    return { answer, port: localPort as number }
  }

  const corpus = smugglingCorpus(sizeOf(400, 5_000), seed)
  let odd = 0
  let refused = 0
  for (let first = 0; first < corpus.length; first += atOnce) {
    const batch = corpus.slice(first, first + atOnce)
    atOrigin.length = 0
    proxy.recorder.records.length = 0
    const sent = await Promise.all(batch.map(send))
    await proxy.recorder.next('closed', batch.length)
    for (const [index, vector] of batch.entries()) {
      const what = JSON.stringify(vector.text)
      const { answer, port } = sent[index] as { answer: string; port: number }
      const expected = withoutRewriting(vector.text.replaceAll('HOST', host), host)
      const got = atOrigin.filter(({ text }) => text.includes(vector.id))
      expect(got.length, `origin connections of ${what}`).toBeLessThanOrEqual(1)
      const [{ text }] = got.length === 0 ? [{ text: '' }] : (got as [{ text: string }])
      expect(
        idIn(text).filter((id) => id !== vector.id),
        `other clients' requests beside ${what}`,
      ).toEqual([])
      expect(
        idIn(answer).filter((id) => id !== vector.id),
        `other clients' answers to ${what}`,
      ).toEqual([])
      const seen = withoutRewriting(text, host)
      const raw = vector.text.replaceAll('HOST', host)
      // What looks like a request may be a body: then its target is as it was.
      const asBody = raw.replace(`http://${host}`, '').replace(ownField, '')
      const isPrefix = expected.startsWith(seen) || asBody.startsWith(text)
      expect(isPrefix, `${what}\nthe origin got ${JSON.stringify(text)}`).toBe(true)
      const rest = expected.startsWith(seen) ? asSent(raw, expected.slice(seen.length), host) : asBody.slice(text.length)
      const answers = answer.match(/(?<=HTTP\/1\.1 )\d{3} .*(?=\r\n(?!X-For))/g) ?? []
      const weirs = answerOf(rest, host)
      expect(weirs, `${what}\nthe origin had to get ${JSON.stringify(rest)}`).not.toBeNull()
      expect(answers, `${what}\nthe origin did not get ${JSON.stringify(rest)}`).toEqual(weirs === 'none' ? [] : [weirs])
      if (weirs !== 'none') refused++
      const opened = proxy.recorder.of('opened').find(({ json }) => json.client.port === port) as CopyRecord
      const anomalies = await anomaliesOf(proxy.recorder.records.filter(({ connection }) => connection === opened.connection))
      if (vector.anomalies.length > 0) odd++
      expect(anomalies, what).toEqual(expect.arrayContaining(vector.anomalies))
    }
  }
  expect(proxy.logs).toEqual([])
  keepOutcome({
    promise: 10,
    check: 'smuggling',
    ran: `${corpus.length} smuggling vectors (seed ${seed}), ${atOnce} clients at a time`,
    result: `0 crossed connections, 0 changed bytes; ${odd} odd ones, each with its anomalies on record; ${refused} answered by weir`,
  })
})
