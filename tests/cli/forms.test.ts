/** Forms and texts that real clients send, read back through the daemon. */
import { writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import type { Exchange } from '../../sdk/model.ts'
import { type Caller, startCaller } from '../support/caller.ts'
import { startOrigin } from '../support/origin.ts'

const sink = () => startOrigin((request, response) => void request.resume().on('end', () => response.end('ok')), { tls: false })

/** The form of every exchange of the newest session, by seq. */
async function formsOf({ client, json }: Caller) {
  const exchanges = (await json('ls')) as Exchange[]
  return Promise.all(exchanges.map(({ sessionId, seq }) => client.call('exchange/readForm', { sessionId, seq, limit: 1000 })))
}
const pairs = (form: Awaited<ReturnType<typeof formsOf>>[number]) => form.items.map(({ name, value }) => [name, value])

/** What no escape of a browser's can be taken for, without lone surrogates and line breaks (clients change those). */
const word = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }).filter((text) => !/%(22|0d|0a)|[\r\n\0\\]/i.test(text))
const made = fc.sample(fc.array(fc.tuple(word, word), { minLength: 1, maxLength: 6 }), { numRuns: 15, seed: 3 })

describe('forms of real clients are read as they were made', () => {
  test("Node's FormData and URLSearchParams", async () => {
    const caller = await startCaller()
    const { url } = await sink()
    const script = `
      for (const pairs of ${JSON.stringify(made)}) {
        const form = new FormData()
        for (const [name, value] of pairs) form.append(name, value)
        form.append('file', new Blob([Buffer.from([0, 255, 13, 10])], { type: 'image/png' }), 'gr\\u00fc\\u00dfe "1".png')
        await (await fetch(${JSON.stringify(url)}, { method: 'POST', body: form })).text()
        await (await fetch(${JSON.stringify(url)}, { method: 'POST', body: new URLSearchParams(pairs) })).text()
      }`
    const { code, stderr } = await caller.weir(['capture', '--', process.execPath, '--input-type=module', '-e', script])
    expect(code, stderr).toBe(0)
    const forms = await formsOf(caller)
    expect(forms).toHaveLength(2 * made.length)
    for (const [index, form] of forms.entries()) {
      const expected = made[Math.floor(index / 2)]
      expect(form).toMatchObject({ type: index % 2 === 0 ? 'multipart' : 'urlencoded', more: false, eof: true, truncated: false })
      expect(form.malformed).toBeUndefined()
      const file = { name: 'file', filename: 'grüße "1".png', type: 'image/png', data: 'AP8NCg==', size: 4 }
      if (index % 2 === 0) expect(form.items.pop()).toMatchObject(file)
      expect(pairs(form)).toEqual(expected)
    }
  })

  test('curl -F and -d, with files large and small, and Python', async () => {
    const caller = await startCaller()
    const { url } = await sink()
    const large = Buffer.alloc(300_000, 'large file\n')
    await writeFile(join(caller.folder, 'large.bin'), large)
    const form = [
      '-F',
      'a=1',
      '-F',
      'a=2',
      '-F',
      'note=gr\u00fc\u00dfe;type=text/plain',
      '-F',
      `up=@${join(caller.folder, 'large.bin')};filename=a"b.bin`,
    ]
    expect((await caller.weir(['capture', '--', 'curl', '-sS', ...form, url])).code).toBe(0)
    const [multipart] = await formsOf(caller)
    expect(multipart?.items.slice(0, 3).map(({ name, value }) => [name, value])).toEqual([
      ['a', '1'],
      ['a', '2'],
      ['note', 'grüße'],
    ])
    const up = multipart?.items[3]
    expect(up).toMatchObject({ index: 3, name: 'up', filename: 'a"b.bin', size: large.length })
    expect(up).not.toHaveProperty('value')
    const [{ sessionId }] = (await caller.json('ls')) as [Exchange]
    const range = { sessionId, seq: 1, part: 'request', decode: true, offset: up?.offset ?? 0, length: up?.size ?? 0 } as const
    expect(Buffer.from((await caller.client.call('exchange/readBody', range)).data, 'base64').equals(large)).toBe(true)
    const page = await caller.client.call('exchange/readForm', { sessionId, seq: 1, since: 1, limit: 2 })
    expect(page).toMatchObject({ items: [{ index: 1 }, { index: 2 }], more: true })
    const shown = (await caller.weir(['show', 'last', '1'])).stdout
    expect(shown).toContain('\na: 1\na: 2\nnote (text/plain): grüße\nup ("a\\"b.bin", application/octet-stream, 300 kB)\n')

    const python = `import urllib.request, urllib.parse
urllib.request.urlopen(${JSON.stringify(url)}, urllib.parse.urlencode([("q", "a b&c"), ("q", "\\u20ac")]).encode()).read()`
    expect((await caller.weir(['capture', '--', 'python3', '-c', python])).code).toBe(0)
    expect((await formsOf(caller)).map(pairs)).toEqual([
      [
        ['q', 'a b&c'],
        ['q', '€'],
      ],
    ])
    expect((await caller.weir(['show', 'last', '1'])).stdout).toContain('\nq: a b&c\nq: €\n')
  })
})

test('what is no form, or a broken one, is answered clearly; one that still arrives says so', async () => {
  const caller = await startCaller()
  const { url } = await startOrigin(() => undefined, { tls: false })
  const { weir, client, json } = caller
  const send = (type: string, data: string) => ['-H', `Content-Type: ${type}`, '--data-binary', data, '-m', '2', '-sS', url]
  const call = async (words: string[]) => {
    await weir(['capture', '--', 'curl', ...words])
    const [{ sessionId }] = (await json('ls')) as [Exchange]
    return client.call('exchange/readForm', { sessionId, seq: 1 })
  }
  await expect(call(send('text/plain', 'x'))).rejects.toMatchObject({ code: 1005, reason: 'notForm' })
  await expect(call(send('multipart/form-data', 'x'))).rejects.toMatchObject({ code: 1005, reason: 'boundaryMissing' })
  expect(await call(send('multipart/form-data; boundary=b', 'x'))).toMatchObject({ items: [], eof: true, malformed: 'noDelimiter' })
  expect((await weir(['show', 'last', '1'])).stdout).toContain('\n\nx\n')
  const session = await client.call('session/start', {})
  const socket = connect(session.proxy?.port ?? 0, '127.0.0.1')
  socket.write(
    `POST ${url}/ HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 999\r\n\r\n--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nhal`,
  )
  await vi.waitFor(async () => {
    const form = await client.call('exchange/readForm', { sessionId: session.id, seq: 1 })
    expect(form).toMatchObject({ items: [{ name: 'a', value: 'hal', cut: true }], eof: false })
    expect(form.malformed).toBeUndefined()
  })
  socket.destroy()
})

test('a body is text in its charset, in ranges that cut no character', async () => {
  const caller = await startCaller()
  const latin = Buffer.from('gr\u00fc\u00dfe '.repeat(2000), 'latin1')
  const many = Buffer.from('aé€😀'.repeat(1000))
  const origin = await startOrigin(
    ({ url }, response) => {
      if (url === '/latin')
        response.setHeader('content-type', 'text/plain; charset=iso-8859-1').setHeader('content-encoding', 'gzip').end(gzipSync(latin))
      else if (url === '/japanese')
        response.setHeader('content-type', 'text/html; charset=shift_jis').end(Buffer.from('93fa967b8cea', 'hex'))
      else if (url === '/image') response.setHeader('content-type', 'image/png').end('x')
      else response.end(many)
    },
    { tls: false },
  )
  const urls = ['/latin', '/japanese', '/image', '/many'].flatMap((path) => ['-o', '/dev/null', origin.url + path])
  expect((await caller.weir(['capture', '--', 'curl', '-sS', ...urls])).code).toBe(0)
  const [{ sessionId }] = (await caller.json('ls')) as [Exchange]
  expect((await caller.weir(['body', 'last', '1', 'response', '--text'])).stdout).toBe('grüße '.repeat(2000))
  expect((await caller.weir(['body', 'last', '2', 'response', '--text'])).stdout).toBe('日本語')
  expect(await caller.weir(['body', 'last', '3', 'response', '--text'])).toMatchObject({ code: 1, stdout: '' })
  expect((await caller.weir(['body', 'last', '4', 'response', '--text', '--json'])).code).toBe(2)
  const read = (seq: number, offset: number, length: number) =>
    caller.client.call('exchange/readText', { sessionId, seq, part: 'response', offset, length })
  expect(await read(1, 0, 5)).toMatchObject({
    text: 'grüße',
    charset: 'windows-1252',
    next: 5,
    size: latin.length,
    eof: false,
    malformed: false,
  })
  for (const length of [4, 7, 1001]) {
    let text = ''
    for (let offset = 0, eof = false; !eof; ) {
      const range = await read(4, offset, length)
      expect(range).toMatchObject({ charset: 'utf-8', malformed: false })
      text += range.text
      ;({ next: offset, eof } = range)
      if (length < 1000 && text.length > 500) break
    }
    expect(many.toString().startsWith(text)).toBe(true)
    expect(text.length).toBeGreaterThan(500)
  }
  await expect(read(3, 0, 10)).rejects.toMatchObject({ code: 1005, reason: 'notText' })
})
