/** A client whose daemon is another than it was made for, or goes away. */
import { duplexPair } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { connect, connectStream } from '../../sdk/client.ts'
import type { WeirError } from '../../sdk/errors.ts'
import { homeAt } from '../../sdk/home.ts'
import { createMessageConnection, StreamMessageReader, StreamMessageWriter } from '../../sdk/json-rpc.ts'
import { startDaemon } from '../support/daemon.ts'
import { temporaryHome } from '../support/home.ts'

describe('a client', () => {
  it('says what to do when the daemon speaks another version of the protocol, and hangs up', async () => {
    const [mine, its] = duplexPair()
    const daemon = createMessageConnection(new StreamMessageReader(its), new StreamMessageWriter(its))
    daemon.onRequest('initialize', () => ({ daemon: { name: 'weir', version: '9.1.0', pid: 42 }, protocol: 2, capabilities: [] }))
    daemon.listen()
    const error = await connectStream(mine).catch((refused: WeirError) => refused)
    expect(error).toMatchObject({ code: 1006, data: { reason: 'protocolMismatch', protocol: 2 } })
    expect((error as WeirError).message).toMatch(
      /^weir 9\.1\.0 runs \(pid 42\) and speaks version 2 .* this client version 1: use the client/,
    )
    expect(mine.destroyed).toBe(true)
    daemon.dispose()
  })

  it('gets an answer that came with the end of the connection, behind much else', async () => {
    const [mine, its] = duplexPair()
    const framed = (message: object) => {
      const text = JSON.stringify({ jsonrpc: '2.0', ...message })
      return `Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`
    }
    const answers = [{ daemon: { name: 'weir', version: '0.1.0', pid: 42 }, protocol: 1, capabilities: [] }, { last: 'word' }]
    const reader = new StreamMessageReader(its)
    reader.listen((message) => {
      const { id } = message as unknown as { id?: number }
      if (id === undefined) return
      const result = answers.shift()
      const others = Array.from({ length: 50 }, (_, pid) => framed({ method: 'daemon/willStop', params: { pid } }))
      if (answers.length > 0) its.write(framed({ id, result }))
      else its.end([...others, framed({ id, result })].join(''))
    })
    const client = await connectStream(mine)
    expect(await client.call('daemon/stop', {})).toEqual({ last: 'word' })
    reader.dispose()
  })

  it('says how to start a daemon where none answers', async () => {
    const home = homeAt(await temporaryHome())
    const error = await connect({ home }).catch((refused: WeirError) => refused)
    expect(error).toMatchObject({ code: 1005, data: { reason: 'daemonUnreachable' } })
    expect((error as WeirError).message).toContain('weir start')
  })

  it('hears that its daemon has gone, in each call that was not answered', async () => {
    const { client, pid } = await startDaemon()
    const { id: sessionId } = await client.call('session/start', { proxy: null })
    const waiting = client.call('exchange/wait', { sessionId, where: 'path:/never', timeoutMs: 60_000 })
    process.kill(pid, 'SIGKILL')
    await expect(waiting).rejects.toMatchObject({ code: 1005, data: { reason: 'connectionLost' } })
    await client.closed
    await expect(client.call('daemon/status', {})).rejects.toMatchObject({ code: 1005, data: { reason: 'connectionLost' } })
  })
})
