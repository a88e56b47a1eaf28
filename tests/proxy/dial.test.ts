import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DialPolicy } from '../../daemon/proxy/dial-policy.ts'
import { startOrigin } from '../support/origin.ts'
import { curl } from '../support/proxied-curl.ts'
import { startProxy } from '../support/proxy.ts'
import { startConnectProxy } from '../support/upstream-proxies.ts'

const answering = (words: string, more: Parameters<typeof startOrigin>[1] = {}) =>
  startOrigin((request, response) => response.end(`${words} ${request.headers.host}`), more)

describe('names that are not looked up', () => {
  test('the connection goes to the address, the TLS name and the URL stay, and the record has the real address', async () => {
    const origin = await answering('this is', { names: ['api.example.com'] })
    const proxy = await startProxy({ dial: { hosts: { 'API.example.com': `127.0.0.1:${origin.port}` } } })
    expect(await curl(proxy, 'https://api.example.com/')).toMatch(/this is api\.example\.com$/)
    expect((await proxy.recorder.next('opened')).json).toMatchObject({
      authority: 'api.example.com:443',
      origin: { server: { address: '127.0.0.1', port: origin.port }, tls: { sni: 'api.example.com' } },
    })
  })

  test('clear text, too; the port stays where none is given; a name with its port goes first', async () => {
    const one = await answering('one', { tls: false })
    const two = await answering('two', { tls: false })
    const proxy = await startProxy({ dial: { hosts: { 'a.test': '127.0.0.1', [`a.test:${one.port}`]: `localhost:${two.port}` } } })
    expect(await curl(proxy, `http://a.test:${two.port}/`)).toMatch(/two a\.test/)
    expect(await curl(proxy, `http://a.test:${one.port}/`)).toMatch(/two a\.test/)
    await proxy.set({ dial: { hosts: { 'a.test': '127.0.0.1' } } })
    expect(await curl(proxy, `http://a.test:${one.port}/`)).toMatch(/one a\.test/)
  })

  test("weir's own ports stay out of reach", async () => {
    const proxy = await startProxy()
    await proxy.set({ dial: { hosts: { 'a.test': `127.0.0.1:${proxy.port}` } } })
    expect(await curl(proxy, 'http://a.test/')).toContain('Weir-Failure: loopRefused')
  })

  test('beyond loopback, private addresses stay out of reach', async () => {
    const origin = await answering('private', { tls: false })
    const auth = { username: 'u', password: 'p' }
    const proxy = await startProxy({ proxy: { host: '0.0.0.0', auth }, dial: { hosts: { 'a.test': `127.0.0.1:${origin.port}` } } })
    expect(await curl(proxy, 'http://a.test/', '--proxy-user', 'u:p')).toContain('Weir-Failure: destinationRefused')
  })

  test("the environment's proxies are passed over, a session's own is asked for the address", async () => {
    const origin = await answering('here is', { tls: false })
    const [environment, own] = [await startConnectProxy(), await startConnectProxy()]
    const dial = { hosts: { 'a.test': `127.0.0.1:${origin.port}` } }
    const proxy = await startProxy({ environment: { all_proxy: `http://127.0.0.1:${environment.port}` }, dial })
    expect(await curl(proxy, 'http://a.test/')).toMatch(/here is a\.test$/)
    await proxy.set({ dial, upstream: [{ match: 'a.test', url: `http://127.0.0.1:${own.port}` }] })
    expect(await curl(proxy, 'http://a.test/')).toMatch(/here is a\.test$/)
    expect([environment.asked, own.asked]).toEqual([[], [`127.0.0.1:${origin.port}`]])
  })

  test.each([
    ['a.test', ''],
    ['a.test', 'b.test:99999'],
    ['a.test', 'http://b.test'],
    ['a.test', '[::1'],
    ['a/b', '127.0.0.1'],
    ['', '127.0.0.1'],
    ['a.test:x', '127.0.0.1'],
  ])('%j -> %j is refused', async (name, target) => {
    const proxy = await startProxy()
    await expect(proxy.set({ dial: { hosts: { [name]: target } } })).rejects.toMatchObject({
      reason: 'invalidHostOverride',
      data: { errors: [{ path: expect.stringMatching(/^\/dial\/hosts\//) }] },
    })
  })

  test('every address and port is read as it is written', () => {
    const host = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6())
    const port = fc.integer({ min: 1, max: 65535 })
    fc.assert(
      fc.property(host, port, host, fc.option(port), (name, asked, target, given) => {
        const brackets = (text: string) => (text.includes(':') ? `[${text}]` : text)
        const written = given === null ? target : `${brackets(target)}:${given}`
        for (const key of [name, `${brackets(name)}:${asked}`]) {
          const policy = new DialPolicy({ hosts: { [key]: written } })
          expect(policy.override({ host: name.toUpperCase(), port: asked })).toEqual({ host: target, port: given ?? asked })
        }
        expect(
          new DialPolicy({ hosts: { [`x${brackets(name)}`.replace(/[[\]:]/g, '')]: written } }).override({ host: 'other', port: asked }),
        ).toBeNull()
      }),
    )
  })
})

describe('the family of addresses', () => {
  test('only that one is tried', async () => {
    const six = await answering('six', { host: '::1' })
    const four = await answering('four')
    const proxy = await startProxy({ dial: { family: 4 } })
    expect(await curl(proxy, four.url)).toContain('four')
    const refused = await curl(proxy, six.url)
    expect(refused).toContain('Weir-Failure: connectionRefused')
    expect(refused).toContain('(IPv4 only)')
    await proxy.set({ dial: { hosts: { localhost: '::1' } } })
    expect(await curl(proxy, six.url)).toContain('six')
  })
})
