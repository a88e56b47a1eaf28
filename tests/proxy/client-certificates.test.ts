import type { TLSSocket } from 'node:tls'
import { beforeAll, describe, expect, test } from 'vitest'
import type { ClientCertificate } from '../../sdk/session-settings.ts'
import { testCa } from '../support/certificates.ts'
import { makeClientCertificate, type TestClientCertificate } from '../support/client-certificates.ts'
import { startOrigin } from '../support/origin.ts'
import { curl } from '../support/proxied-curl.ts'
import { startProxy } from '../support/proxy.ts'

let alice: TestClientCertificate
let bob: TestClientCertificate
beforeAll(() => {
  alice = makeClientCertificate('alice')
  bob = makeClientCertificate('bob')
})

/** Says who its client is. */
const startAsking = (more: object = {}) =>
  startOrigin(
    (request, response) => response.end(`you are ${(request.socket as TLSSocket).getPeerCertificate().subject?.CN ?? 'nobody'}`),
    {
      tlsOptions: { requestCert: true, rejectUnauthorized: true, ca: [alice.cert, bob.cert], ...more },
    },
  )

const pem = (who: TestClientCertificate, match = 'localhost'): ClientCertificate => ({ match, cert: who.cert, key: who.key })

describe('an origin that demands a client certificate', () => {
  test.each(['TLSv1.2', 'TLSv1.3'] as const)('%s: gets the one of the first rule that matches, PEM or PKCS#12', async (maxVersion) => {
    const origin = await startAsking({ maxVersion })
    const { encryptedKey, passphrase } = alice
    for (const mine of [
      pem(alice),
      pem(alice, `localhost:${origin.port}`),
      { match: 'LOCAL*', cert: alice.cert, key: encryptedKey, passphrase },
      { match: '*', pfx: alice.pfx.toString('base64'), passphrase },
    ]) {
      const proxy = await startProxy({ tls: { clientCertificates: [pem(bob, 'example.com'), mine, pem(bob)] } })
      expect(await curl(proxy, origin.url)).toMatch(/you are alice$/)
    }
  })

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('%s: without one for its host the record says what is missing', async (maxVersion) => {
    const origin = await startAsking({ maxVersion })
    const proxy = await startProxy({ tls: { clientCertificates: [pem(alice, 'example.com')] } })
    await curl(proxy, origin.url).catch(() => undefined)
    const { json } = await proxy.recorder.next('closed')
    const failure = json.failure ?? proxy.recorder.of('failed')[0]?.json
    expect(failure).toMatchObject({ reason: 'tlsHandshakeFailed', message: expect.stringContaining('tls.clientCertificates') })
  })

  test('another certificate is another TLS session: nobody goes on as somebody else', async () => {
    const origin = await startAsking({ rejectUnauthorized: false })
    const proxy = await startProxy({ tls: { clientCertificates: [pem(alice)] } })
    expect(await curl(proxy, origin.url)).toMatch(/you are alice$/)
    await proxy.set({ tls: { clientCertificates: [pem(bob)] } })
    expect(await curl(proxy, origin.url)).toMatch(/you are bob$/)
    await proxy.set({ tls: {} })
    expect(await curl(proxy, origin.url)).toMatch(/you are nobody$/)
  })

  test('the name that counts is the one that the origin must prove', async () => {
    const origin = await startAsking({ rejectUnauthorized: false })
    const proxy = await startProxy({ tls: { insecure: ['*'], clientCertificates: [pem(alice, 'localhost')] } })
    const toAnother = ['--connect-to', `bank.test:443:localhost:${origin.port}`]
    expect(await curl(proxy, 'https://bank.test/', ...toAnother)).toMatch(/you are nobody$/)
  })
})

describe('a client certificate that cannot be used is refused when it is set', () => {
  const cases: [string, () => ClientCertificate, string, RegExp][] = [
    ['another key', () => ({ match: '*', cert: alice.cert, key: bob.key }), 'key', /not the key of the certificate/],
    ['no key', () => ({ match: '*', cert: alice.cert, key: 'rubbish' }), 'key', /no private key/],
    ['no certificate', () => ({ match: '*', cert: 'rubbish', key: alice.key }), 'cert', /no certificate/],
    ['a key without its passphrase', () => ({ match: '*', cert: alice.cert, key: alice.encryptedKey }), 'passphrase', /is needed/],
    [
      'a wrong passphrase (PEM)',
      () => ({ match: '*', cert: alice.cert, key: alice.encryptedKey, passphrase: 'hunter2' }),
      'passphrase',
      /is wrong/,
    ],
    [
      'a wrong passphrase (PKCS#12)',
      () => ({ match: '*', pfx: alice.pfx.toString('base64'), passphrase: 'hunter2' }),
      'passphrase',
      /is wrong/,
    ],
    ['PKCS#12 without its passphrase', () => ({ match: '*', pfx: alice.pfx.toString('base64') }), 'passphrase', /is needed/],
    ['no PKCS#12', () => ({ match: '*', pfx: Buffer.from('rubbish').toString('base64') }), 'pfx', /no PKCS#12/],
  ]
  test.each(cases)('%s', async (_name, given, property, message) => {
    const proxy = await startProxy()
    const refused = proxy.set({ tls: { clientCertificates: [pem(alice), given()] } })
    const path = `/tls/clientCertificates/1/${property}`
    await expect(refused).rejects.toMatchObject({
      reason: 'invalidClientCertificate',
      data: { errors: [{ path, message: expect.stringMatching(message) }] },
    })
    await refused.catch((error: Error) => expect(error.message).not.toMatch(/hunter2|PRIVATE/))
  })
})

describe('a CA for some hosts', () => {
  test('is trusted for them and for no others', async () => {
    const { certificate: ca } = await testCa()
    const origin = await startOrigin((_request, response) => response.end('ok'))
    const proxy = await startProxy({ extraCa: '', tls: { trust: [{ match: 'localhost', ca }] } })
    expect(await curl(proxy, origin.url)).toMatch(/ok$/)
    expect(await curl(proxy, `https://127.0.0.1:${origin.port}`)).toContain('Weir-Failure: tlsUntrusted')
    await proxy.set({ tls: { trust: [{ match: 'example.com', ca }] } })
    expect(await curl(proxy, origin.url)).toContain('Weir-Failure: tlsUntrusted')
  })

  test('one that is none is refused', async () => {
    const proxy = await startProxy()
    await expect(proxy.set({ tls: { trust: [{ match: '*', ca: 'rubbish' }] } })).rejects.toMatchObject({
      reason: 'invalidCertificate',
      data: { errors: [{ path: '/tls/trust/0/ca' }] },
    })
  })
})
