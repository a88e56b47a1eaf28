/** Pairing by a code: once, in time, from where it may be, and not by guessing. */
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Pairings } from '../../daemon/rpc/websocket/pairings.ts'
import { Tokens } from '../../daemon/rpc/websocket/tokens.ts'
import { temporaryHome } from '../support/home.ts'
import { extensionOrigin, pairedToken, pairWith, startListening } from '../support/websocket-rpc.ts'

describe('a code', () => {
  it('pairs once, and its token has the rights that it was made for', async () => {
    const { client, port, home } = await startListening()
    const { code, port: shown, expiresAt } = await client.call('pairing/start', { rights: ['read', 'feed'] })
    expect(code).toMatch(/^\d{4}-\d{4}$/)
    expect(shown).toBe(port)
    expect(expiresAt - Date.now()).toBeGreaterThan(4 * 60_000)
    const { status, headers, body } = await pairWith(port, code.replace('-', ' '))
    expect(status).toBe(200)
    expect(headers.get('access-control-allow-origin')).toBe(extensionOrigin)
    expect(body).toMatchObject({ rights: ['read', 'feed'], name: 'a test' })
    expect((await pairWith(port, code)).body.error).toMatchObject({ data: { reason: 'wrongCode' } })
    const { items } = await client.call('token/list', {})
    expect(items).toMatchObject([{ id: body.tokenId, name: 'a test', origin: extensionOrigin, rights: ['read', 'feed'] }])
    const file = join(home.folder, 'tokens.json')
    expect(await readFile(file, 'utf8')).not.toContain(body.token)
    expect((await stat(file)).mode & 0o777).toBe(0o600)
  })

  it('is told to have led to a token', async () => {
    const { client, port } = await startListening()
    const heard = new Promise((resolve) => client.on('pairing/didEnd', resolve))
    const { code, pairingId } = await client.call('pairing/start', { rights: [], name: 'mine' })
    await pairWith(port, code)
    expect(await heard).toMatchObject({ pairingId, token: { name: 'mine', rights: [] } })
  })

  it('is worth nothing to a page that is not meant, which uses up no tries either', async () => {
    const { client, port } = await startListening()
    const { code } = await client.call('pairing/start', { rights: ['read'] })
    for (let time = 0; time < 10; time++) {
      const { status, headers, body } = await pairWith(port, code, 'https://evil.example')
      expect({ status, reason: body.error?.data.reason }).toEqual({ status: 403, reason: 'originRefused' })
      expect(headers.get('access-control-allow-origin')).toBeNull()
    }
    expect((await pairWith(port, code)).status).toBe(200)
  })

  it('that was made for a page is for that page alone', async () => {
    const { client, port } = await startListening()
    const { code } = await client.call('pairing/start', { rights: ['read'], origin: 'http://localhost:5173' })
    expect((await pairWith(port, code)).body.error?.data.reason).toBe('wrongCode')
    expect((await pairWith(port, code, 'http://localhost:5174')).body.error?.data.reason).toBe('originRefused')
    expect((await pairWith(port, code, 'http://localhost:5173')).status).toBe(200)
  })

  it('of a port that is closed meanwhile is worth nothing', async () => {
    const { client, port } = await startListening()
    const { code } = await client.call('pairing/start', { rights: ['read'] })
    await client.call('websocket/stop', {})
    await client.call('websocket/start', { port })
    expect((await pairWith(port, code)).body.error?.data.reason).toBe('wrongCode')
  })

  it('is asked for properly or not at all', async () => {
    const { port } = await startListening()
    const post = (body: string, headers: { [name: string]: string } = { 'content-type': 'application/json' }) =>
      fetch(`http://127.0.0.1:${port}/pair`, { method: 'POST', headers, body }).then(({ status }) => status)
    expect(await post('{"code":"1"}', { 'content-type': 'text/plain' })).toBe(415)
    expect(await post('no json')).toBe(415)
    expect(await post('{"kode":"1"}')).toBe(400)
    expect(await post(JSON.stringify({ code: '1', name: 'x'.repeat(10_000) }))).toBe(413)
    expect((await fetch(`http://127.0.0.1:${port}/pair`)).status).toBe(405)
  })

  it('is granted to an extension before it asks (CORS)', async () => {
    const { port } = await startListening()
    const ask = (origin: string) => fetch(`http://127.0.0.1:${port}/pair`, { method: 'OPTIONS', headers: { origin } })
    for (const origin of [extensionOrigin, 'moz-extension://01234567-89ab-cdef-0123-456789abcdef', `http://127.0.0.1:${port}`]) {
      const { status, headers } = await ask(origin)
      expect({ status, origin: headers.get('access-control-allow-origin') }).toEqual({ status: 204, origin })
    }
    for (const origin of ['https://evil.example', 'null', 'chrome-extension://short', `http://localhost:${port + 1}`])
      expect((await ask(origin)).status, origin).toBe(403)
  })
})

describe('guessing', () => {
  it('five times in a minute closes the door for a minute, to the right code, too', async () => {
    const { client, port } = await startListening()
    const { code } = await client.call('pairing/start', { rights: ['read'] })
    for (let time = 0; time < 5; time++) expect((await pairWith(port, 'wrong')).body.error?.data.reason).toBe('wrongCode')
    const { status, headers, body } = await pairWith(port, code)
    expect({ status, reason: body.error?.data.reason }).toEqual({ status: 429, reason: 'tooManyTries' })
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(50)
  })

  it('is forgotten after a while, and a code after five minutes', async () => {
    let now = 1_000_000
    const pairings = new Pairings(
      new Tokens(join(await temporaryHome(), 'tokens.json')),
      () => undefined,
      () => now,
    )
    const attempt = (code: string) => () => pairings.redeem(code, 'a test', null)
    const reason = (expected: string) =>
      expect.objectContaining({ data: expect.objectContaining({ reason: expected }) as unknown }) as Error
    const first = pairings.start({ rights: ['read'] })
    for (let time = 0; time < 4; time++) expect(attempt('0')).toThrow(reason('wrongCode'))
    now += 61_000
    for (let time = 0; time < 5; time++) expect(attempt('0')).toThrow(reason('wrongCode'))
    expect(attempt(first.code)).toThrow(reason('tooManyTries'))
    now += 60_001
    expect(attempt(first.code)().token.rights).toEqual(['read'])
    const second = pairings.start({ rights: ['read'] })
    now += 5 * 60_000
    expect(attempt(second.code)).toThrow(reason('wrongCode'))
    pairings.clear()
  })
})

describe('the tokens', () => {
  it('are kept in a file that has to be whole', async () => {
    const { client, port } = await startListening()
    await pairedToken({ client, port }, ['read'])
    const file = join(await temporaryHome(), 'tokens.json')
    const tokens = new Tokens(file)
    const { token, secret } = tokens.add({ name: 'one', origin: null, rights: ['read'] })
    expect(new Tokens(file).find(secret)).toMatchObject({ tokenId: token.id, origin: null })
    expect(new Tokens(file).find(`${secret}x`)).toBeNull()
    const { writeFile } = await import('node:fs/promises')
    for (const text of ['{', '{}', '[{"id":"x"}]']) {
      await writeFile(file, text)
      expect(() => new Tokens(file).list()).toThrow(file)
    }
  })
})
