/** Secrets in compressed data inside of other data: what replaces them, and what finds one that is left. */
import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Redaction } from '../../daemon/plugin/redacted-exchanges.ts'
import { SecretCheck, SecretLeft } from '../../daemon/plugin/secret-check.ts'
import { UnpackBudget } from '../../daemon/plugin/unpack-budget.ts'
import { mayHoldCompressed, replaceInCompressed } from '../../sdk/redaction/compressed.ts'
import { pseudonyms } from '../../sdk/redaction/pseudonyms.ts'
import { SecretFinder } from '../../sdk/redaction/secret-finder.ts'
import { exported } from '../support/exported.ts'

const secret = 'hunter2-and-more'
const name = 'redacted-1'
const latin1 = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1')
const bytesOf = (text: string) => Buffer.from(text, 'latin1')
const hide = (bytes: Buffer) => bytesOf(latin1(bytes).replaceAll(secret, name))

const noise = fc.uint8Array({ maxLength: 60 }).filter((bytes) => !mayHoldCompressed(latin1(bytes)))
const content = fc.tuple(fc.string({ maxLength: 200 }), fc.string({ maxLength: 200 })).map(([before, after]) => before + secret + after)

/** gzip with each of the fields that its head may have (RFC 1952 section 2.3), which Node's own never has. */
function withHead(packed: Buffer, flags: number): Buffer {
  const fields = [
    flags & 4 ? Buffer.from('\u0003\u0000abc') : '',
    flags & 8 ? 'name\0' : '',
    flags & 16 ? 'what it is\0' : '',
    flags & 2 ? '??' : '',
  ]
  const head = Buffer.from(packed.subarray(0, 10))
  head[3] = flags
  return Buffer.concat([head, ...fields.map((field) => Buffer.from(field)), packed.subarray(10)])
}

const packings: [what: string, pack: (bytes: Buffer, some: number) => Buffer, unpack: (bytes: Buffer) => Buffer][] = [
  ['gzip', (bytes, level) => gzipSync(bytes, { level: level % 10 }), gunzipSync],
  ['gzip with a longer head', (bytes, flags) => withHead(gzipSync(bytes), flags % 32), gunzipSync],
  ['gzip in two members', (bytes, at) => Buffer.concat([gzipSync(bytes.subarray(0, at)), gzipSync(bytes.subarray(at))]), gunzipSync],
  ['zstd', (bytes) => zstdCompressSync(bytes), zstdDecompressSync],
]

const writings: [where: string, write: (packed: Buffer) => string, read: (text: string) => Buffer][] = [
  ['base64', (packed) => packed.toString('base64'), (text) => Buffer.from(text, 'base64')],
  ['base64url', (packed) => packed.toString('base64url'), (text) => Buffer.from(text, 'base64url')],
  ['base64 in a URL', (packed) => encodeURIComponent(packed.toString('base64')), (text) => Buffer.from(decodeURIComponent(text), 'base64')],
  [
    'base64 in JSON of PHP',
    (packed) => packed.toString('base64').replaceAll('/', '\\/'),
    (text) => Buffer.from(text.replaceAll('\\/', '/'), 'base64'),
  ],
]

describe.each(packings)('in %s', (_, pack, unpack) => {
  it('it is replaced, and what stands around stays', () => {
    fc.assert(
      fc.property(content, fc.nat(), noise, noise, (text, some, before, after) => {
        const packed = pack(Buffer.from(text), some)
        const { text: replaced, isWhole } = replaceInCompressed(latin1(Buffer.concat([before, packed, after])), hide)
        expect(isWhole).toBe(true)
        expect(bytesOf(replaced).subarray(0, before.length)).toEqual(Buffer.from(before))
        const rest = bytesOf(replaced).subarray(before.length, replaced.length - after.length)
        expect(unpack(rest).toString()).toBe(text.replaceAll(secret, name))
        expect(bytesOf(replaced).subarray(replaced.length - after.length)).toEqual(Buffer.from(after))
      }),
    )
  })

  it.each(writings)('in %s, too, wherever it lies in it', (_where, write, read) => {
    fc.assert(
      fc.property(content, fc.nat(), noise, (text, some, before) => {
        const packed = Buffer.concat([before, pack(Buffer.from(text), some)])
        const { text: replaced, isWhole } = replaceInCompressed(`{"a":"${write(packed)}","b":1}`, hide)
        expect(isWhole).toBe(true)
        const [, run = ''] = /^\{"a":"(.*)","b":1\}$/.exec(replaced) ?? []
        const after = read(run)
        expect(after.subarray(0, before.length)).toEqual(Buffer.from(before))
        expect(unpack(after.subarray(before.length)).toString()).toBe(text.replaceAll(secret, name))
      }),
    )
  })

  it('what holds none stays byte for byte', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(), noise, (text, some, around) => {
        const whole = latin1(Buffer.concat([around, pack(Buffer.from(text), some), around]))
        expect(replaceInCompressed(whole, hide)).toMatchObject({ text: whole, isWhole: true })
      }),
    )
  })
})

describe('compressed data', () => {
  it('in compressed data are looked into', () => {
    const packed = gzipSync(JSON.stringify({ a: zstdCompressSync(gzipSync(secret)).toString('base64') }))
    const { text } = replaceInCompressed(latin1(packed), hide)
    const inner = Buffer.from(JSON.parse(gunzipSync(bytesOf(text)).toString()).a, 'base64')
    expect(gunzipSync(zstdDecompressSync(inner)).toString()).toBe(name)
  })

  it('that were cut are looked into as far as they go', () => {
    const packed = gzipSync(`${secret} ${'and so on, '.repeat(20)}`, { level: 0 })
    const { text, isWhole } = replaceInCompressed(latin1(packed.subarray(0, packed.length - 50)), hide)
    expect(isWhole).toBe(true)
    expect(gunzipSync(bytesOf(text)).toString()).toContain(`${name} and so on`)
  })

  /** Of a kind of block that there is none of. */
  const damaged = Buffer.concat([gzipSync(secret).subarray(0, 10), Buffer.alloc(40, 0x07)])
  const bomb = gzipSync(Buffer.alloc(17 * 1024 * 1024))
  const many = Buffer.concat(Array.from({ length: 1001 }, () => gzipSync('a')))
  let deep = Buffer.from(secret)
  for (let level = 0; level < 9; level++) deep = gzipSync(deep)
  it.each([
    ['damaged', damaged],
    ['bombs', bomb],
    ['too many', many],
    ['too deep', deep],
  ])('that are %s are left out', (_, packed) => {
    expect(replaceInCompressed(`before ${latin1(packed)}`, hide)).toMatchObject({ text: 'before ', isWhole: false })
    const run = packed.toString('base64').replace(/=+$/, '')
    expect(replaceInCompressed(`{"a":"${run}"}`, hide)).toMatchObject({ text: '{"a":""}', isWhole: false })
  })

  it('are not what only begins alike', () => {
    const code = `if (text.startsWith('H4sIA')) return gunzip(text)`
    expect(replaceInCompressed(code, () => null)).toMatchObject({ text: code, isWhole: true })
  })
})

it('base64 may be of any length', () => {
  const run = `H4sIAAAA${'A/+a'.repeat(3 * 1024 * 1024)}`
  expect(replaceInCompressed(`"${run}"`, hide).isWhole).toBe(false)
})

describe('what redaction lets out, the check', () => {
  const zeros = gzipSync(Buffer.alloc(4 * 1024 * 1024))
  /** Of exchanges with these bodies, as HARs have them: bytes in base64. */
  async function exportedBodies(bodies: Buffer[], budget: UnpackBudget) {
    const finder = new SecretFinder()
    const redaction = new Redaction('standard', pseudonyms(Buffer.alloc(32, 1)), finder, () => true, budget)
    const exchanges = bodies.map((body, index) => {
      const exchange = exported({ seq: index + 1, request: { method: 'POST', headers: [['X-Api-Key', secret]] } }, { request: body })
      exchange.readBody = async () => body
      return exchange
    })
    const check = new SecretCheck(finder, budget)
    async function* scan() {
      yield* exchanges
    }
    for await (const exchange of redaction.exchanges(scan))
      check.read(Buffer.from(`"${Buffer.from(await exchange.readBody('request')).toString('base64')}"`))
    check.end()
    return redaction.report.bodiesLeftOut
  }

  it('accepts, however much the bodies come to', async () => {
    expect(await exportedBodies([zeros, zeros, zeros, zeros], new UnpackBudget(0))).toBe(0)
  })

  it('accepts, however deep they are', async () => {
    let deep = Buffer.from('nothing')
    for (let level = 0; level < 8; level++) deep = gzipSync(deep)
    expect(await exportedBodies([deep], new UnpackBudget())).toBe(0)
  })

  it('never sees, where the budget is spent: those bodies are left out, and told', async () => {
    expect(await exportedBodies([zeros, zeros, zeros], new UnpackBudget(0, 5 * 1024 * 1024))).toBe(2)
  })
})

describe('the check of what was written', () => {
  const finder = new SecretFinder()
  finder.add(secret, name)
  /** In pieces of so many bytes. */
  function check(bytes: Buffer, piece = bytes.length): void {
    const reading = new SecretCheck(finder)
    for (let at = 0; at < bytes.length; at += piece) reading.read(bytes.subarray(at, at + piece))
    reading.end()
  }

  const ways: [what: string, write: (packed: Buffer) => Buffer][] = [
    ['gzip', (packed) => packed],
    ['base64 of gzip', (packed) => Buffer.from(packed.toString('base64'))],
    ['base64url of gzip', (packed) => Buffer.from(packed.toString('base64url'))],
    ['gzip of gzip', gzipSync],
    ['base64 of base64 of gzip in gzip', (packed) => gzipSync(packed.toString('base64'))],
  ]

  it.each(ways)('finds one in %s, wherever it lies and over any cut', (_, write) => {
    fc.assert(
      fc.property(content, noise, noise, fc.integer({ min: 1, max: 400 }), (text, before, after, piece) => {
        const written = write(Buffer.concat([before, gzipSync(text), after]))
        expect(() => check(written, piece)).toThrow(SecretLeft)
      }),
    )
  })

  it('finds one that comes late in much', () => {
    const much = `${'0123456789 some text '.repeat(100_000)}${secret}`
    for (const write of [(packed: Buffer) => packed, (packed: Buffer) => Buffer.from(`{"a":"${packed.toString('base64')}"}`)])
      expect(() => check(write(gzipSync(much, { level: 1 })), 40_000)).toThrow(/still in what it wrote, compressed, at byte 2100000;/)
  })

  it('passes what holds none, damaged data and texts that only begin alike', () => {
    check(gzipSync('nothing'.repeat(100_000)))
    check(Buffer.concat([gzipSync('nothing').subarray(0, 10), Buffer.alloc(1000, 0x07)]))
    check(Buffer.from(`"H4sIA" ${gzipSync('nothing').toString('base64')} BR+LCA fiwgA`))
  })

  it('refuses what grows beyond measure', () => {
    const reading = new SecretCheck(finder, new UnpackBudget(1024 * 1024))
    reading.read(gzipSync(Buffer.alloc(4 * 1024 * 1024)))
    expect(() => reading.end()).toThrow(/more compressed data than can be looked into/)
  })
})
