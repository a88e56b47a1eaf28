import { createServer } from 'node:net'
import { type ConnectionOptions, connect } from 'node:tls'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { readClientHello } from '../../daemon/proxy/client-hello.ts'
import { Fingerprints } from '../../daemon/proxy/hello-fingerprint.ts'

/** What Node's own client says first. */
async function helloOf(options: ConnectionOptions): Promise<Buffer> {
  return new Promise((resolve) => {
    const server = createServer((socket) => {
      socket.once('data', (bytes: Buffer) => {
        socket.destroy()
        resolve(bytes)
      })
      socket.on('error', () => undefined)
    })
    onTestFinished(() => void server.close())
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      connect({ port, host: '127.0.0.1', ...options }).on('error', () => undefined)
    })
  })
}

describe('a ClientHello', () => {
  test('tells the server name, the protocols and what else it offers', async () => {
    const hello = readClientHello(await helloOf({ servername: 'example.com', ALPNProtocols: ['h2', 'http/1.1'] }))
    expect(hello).toMatchObject({ legacyVersion: 0x0303, serverName: 'example.com', protocols: ['h2', 'http/1.1'] })
    expect(hello?.supportedVersions).toEqual([0x0304, 0x0303])
    expect(hello?.cipherSuites).toContain(0x1301)
    expect(hello?.extensions).toContain(51)
  })

  test('without a name and without protocols', async () => {
    expect(readClientHello(await helloOf({}))).toMatchObject({ serverName: null, protocols: undefined })
  })

  test('is awaited until it is whole, wherever it is cut', async () => {
    const bytes = await helloOf({ servername: 'example.com' })
    for (let length = 0; length < bytes.length; length++) expect(readClientHello(bytes.subarray(0, length)), `${length} bytes`).toBeNull()
    expect(readClientHello(Buffer.concat([bytes, Buffer.from('more')]))).toEqual(readClientHello(bytes))
  })

  test('may be spread over records', async () => {
    const bytes = await helloOf({ servername: 'example.com' })
    const message = bytes.subarray(5)
    const record = (part: Buffer) => Buffer.concat([Buffer.from([22, 3, 1, part.length >> 8, part.length & 0xff]), part])
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 5 }), (lengths) => {
        const records: Buffer[] = []
        let at = 0
        for (const length of lengths) {
          if (at + length >= message.length) break
          records.push(record(message.subarray(at, at + length)))
          at += length
        }
        records.push(record(message.subarray(at)))
        expect(readClientHello(Buffer.concat(records))).toEqual(readClientHello(bytes))
      }),
      { seed: 4 },
    )
  })

  test('that is damaged is none, or another; it never throws', async () => {
    const bytes = await helloOf({ servername: 'example.com', ALPNProtocols: ['h2'] })
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), fc.uint8Array({ maxLength: 30 }), (at, value, tail) => {
        const damaged = Buffer.concat([bytes, tail])
        damaged[at] = value
        const hello = readClientHello(damaged)
        if (hello) new Fingerprints().of(hello)
      }),
      { numRuns: 5000, seed: 5 },
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        readClientHello(Buffer.concat([Buffer.from([22, 3, 1]), bytes]))
      }),
      { numRuns: 2000, seed: 6 },
    )
  })
})

describe('fingerprints', () => {
  /** The example of JA4's own description: GREASE among ciphers and extensions, `h2` first. */
  test('follow the published example', () => {
    const hello = {
      legacyVersion: 0x0303,
      cipherSuites: [
        0x0a0a,
        ...[0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035],
      ],
      extensions: [
        0x1a1a, 0x001b, 0, 0x0033, 0x0010, 0x4469, 0x0017, 0x002d, 0x000d, 0x0005, 0x0023, 0x0012, 0x002b, 0xff01, 0x000b, 0x000a, 0x0015,
      ],
      serverName: 'example.com',
      protocols: ['h2', 'http/1.1'],
      supportedVersions: [0x2a2a, 0x0304, 0x0303],
      groups: [0x3a3a, 29, 23, 24],
      pointFormats: [0],
      signatureAlgorithms: [0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601],
    }
    expect(new Fingerprints().of(hello).ja4).toBe('t13d1516h2_8daaf6152771_e5627efa2ab1')
  })
})
