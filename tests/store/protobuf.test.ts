import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import protobuf from 'protobufjs'
import { describe, expect, it } from 'vitest'
import { decodeProtobuf } from '../../daemon/store/protobuf/decode.ts'
import { fieldTree } from '../../daemon/store/protobuf/field-tree.ts'
import { ProtoFiles } from '../../daemon/store/protobuf/proto-files.ts'
import type { ProtobufField } from '../../sdk/model.ts'
import { temporaryHome } from '../support/home.ts'

const order = `syntax = "proto3";
package shop.v1;
import "common/money.proto";
import "google/protobuf/timestamp.proto";
import "google/api/annotations.proto";
enum Size { SMALL = 0; LARGE = 1; }
message Order {
  int64 id = 1;
  string name = 2;
  repeated sint32 counts = 3;
  Size size = 4;
  map<string, common.Money> prices = 5;
  bytes raw = 6;
  double weight = 7;
  fixed32 code = 8;
  bool paid_up = 9;
  Order next = 10;
  google.protobuf.Timestamp at = 11;
}
service Orders {
  rpc Place (Order) returns (common.Money) { option (google.api.http) = { post: "/v1/orders" }; }
}`
const money = 'syntax = "proto3";\npackage common;\nmessage Money { int32 cents = 1; }'

/** A folder of .proto files by name. */
async function protoFolder(files: { [name: string]: string }): Promise<string> {
  const folder = await temporaryHome()
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return folder
}

const shop = () => protoFolder({ 'order.proto': order, 'common/money.proto': money })
const typesOf = async () => {
  const folder = await shop()
  const root = new protobuf.Root()
  root.resolvePath = (origin, target) => (origin === '' ? target : target.startsWith('google/api') ? null : join(folder, target))
  root.loadSync(join(folder, 'order.proto'))
  const method = new ProtoFiles([folder]).method('/shop.v1.Orders/Place')
  if (method === null) throw new Error('the method is not found')
  return { encoder: root.lookupType('shop.v1.Order'), ours: method.request }
}

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
const text = fc.string({ unit: 'grapheme', minLength: 1 })
/** As JSON; what is its default is left out, as it is on the wire. */
const value = fc.letrec((tie) => ({
  order: fc
    .record(
      {
        id: int64.filter((id) => id !== 0n).map(String),
        name: text,
        counts: fc.array(fc.integer(), { minLength: 1 }),
        size: fc.constant('LARGE'),
        prices: fc.dictionary(
          fc.string().filter((key) => key !== '__proto__'),
          fc.record({ cents: fc.integer({ min: 1 }) }),
          { minKeys: 1, noNullPrototype: true },
        ),
        raw: fc.uint8Array({ minLength: 1 }).map((bytes) => Buffer.from(bytes).toString('base64')),
        weight: fc.double({ noDefaultInfinity: true, noNaN: true }).filter((weight) => weight !== 0),
        code: fc.integer({ min: 1, max: 0xffff_ffff }),
        paidUp: fc.constant(true),
        next: fc.option(tie('order'), { nil: undefined, depthSize: 'small' }),
        at: fc.record({ seconds: int64.filter((seconds) => seconds > 0n).map(String) }),
      },
      { requiredKeys: [] },
    )
    .map((made) => JSON.parse(JSON.stringify(made)) as object),
})).order

describe('a message of a known type', () => {
  it('comes back as it was made', async () => {
    const { encoder, ours } = await typesOf()
    fc.assert(
      fc.property(value, (made) => {
        const bytes = Buffer.from(encoder.encode(encoder.fromObject(made as object)).finish())
        expect(decodeProtobuf(bytes, ours)).toEqual({ type: 'shop.v1.Order', value: made })
      }),
      { seed: 20_261_125, numRuns: 300 },
    )
  })

  it('keeps the fields that its type does not name', async () => {
    const { ours } = await typesOf()
    const bytes = Buffer.from(protobuf.Writer.create().uint32(tag(2, 2)).string('tea').uint32(tag(100, 0)).uint32(7).finish())
    expect(decodeProtobuf(bytes, ours)).toEqual({
      type: 'shop.v1.Order',
      value: { name: 'tea' },
      fields: [{ field: 100, wireType: 'varint', value: 7 }],
    })
  })

  it('that the bytes do not fit is shown as fields, where they are some', async () => {
    const { ours } = await typesOf()
    const cutInside = Buffer.of(tag(5, 2), 2, tag(2, 2), 9)
    expect(decodeProtobuf(cutInside, ours)).toMatchObject({ type: 'shop.v1.Order', problem: 'doesNotFit', fields: [{ field: 5 }] })
    expect(decodeProtobuf(Buffer.of(tag(2, 2), 9), ours)).toEqual({ type: 'shop.v1.Order', problem: 'doesNotFit' })
  })
})

const tag = (field: number, wireType: number) => (field << 3) | wireType

/** A tree of fields that is read as it is meant: texts are printable, bytes are no UTF-8. */
const field = fc.nat({ max: 2 ** 29 - 2 }).map((n) => n + 1)
const integer = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((n) => (n <= Number.MAX_SAFE_INTEGER ? Number(n) : String(n)))
const printable = fc.string({ unit: 'grapheme-ascii' })
const notText = fc.uint8Array().map((bytes) => ({ base64: Buffer.from([0xff, ...bytes]).toString('base64') }))
const tree = fc.letrec<{ message: ProtobufField[]; field: ProtobufField }>((tie) => ({
  message: fc.array(tie('field'), { minLength: 1, maxLength: 6 }),
  field: fc.oneof(
    { depthSize: 'small' },
    fc.record({ field, wireType: fc.constant('varint' as const), value: integer }),
    fc.record({ field, wireType: fc.constant('bytes' as const), value: fc.oneof(printable, notText) }),
    fc.record({ field, wireType: fc.constantFrom('bytes' as const, 'group' as const), value: tie('message') }),
  ),
}))

const varint = (value: bigint): Uint8Array =>
  value < 128n ? Uint8Array.of(Number(value)) : Uint8Array.of(Number(value & 127n) | 128, ...varint(value >> 7n))

/** By the library's writer. */
function write(fields: readonly ProtobufField[], writer = protobuf.Writer.create()): protobuf.Writer {
  for (const { field: number, wireType, value: written } of fields) {
    writer.uint32((number * 8 + { varint: 0, fixed64: 1, bytes: 2, group: 3, fixed32: 5 }[wireType]) >>> 0)
    if (wireType === 'varint') writer.raw(varint(BigInt(String(written))))
    else if (wireType === 'group') write(written as ProtobufField[], writer).uint32((number * 8 + 4) >>> 0)
    else if (Array.isArray(written)) writer.bytes(write(written).finish())
    else if (typeof written === 'object') writer.bytes(Buffer.from(written.base64, 'base64'))
    else writer.string(String(written))
  }
  return writer
}
/** A message that would rather be taken for a text. */
const looksLikeText = (fields: readonly ProtobufField[]): boolean =>
  fields.some(
    ({ value: inside, wireType }) =>
      Array.isArray(inside) &&
      (looksLikeText(inside) ||
        (wireType === 'bytes' && /^[\x20-\x7e\t\r][\x20-\x7e\t\r\n]*$/.test(Buffer.from(write(inside).finish()).toString('latin1')))),
  )

describe('a message of an unknown type', () => {
  it('is the tree of its fields', () => {
    fc.assert(
      fc.property(
        tree.message.filter((fields) => !looksLikeText(fields)),
        (fields) => {
          expect(decodeProtobuf(Buffer.from(write(fields).finish()), null)).toEqual({ fields })
        },
      ),
      { seed: 20_261_125, numRuns: 500 },
    )
  })

  it('shows fixed numbers both ways', () => {
    const bytes = Buffer.from(
      protobuf.Writer.create().uint32(tag(1, 1)).double(1.5).uint32(tag(2, 5)).float(-2).uint32(tag(3, 5)).fixed32(0x7f800000).finish(),
    )
    expect(fieldTree(bytes)).toEqual([
      { field: 1, wireType: 'fixed64', value: '4609434218613702656', float: 1.5 },
      { field: 2, wireType: 'fixed32', value: 0xc000_0000, float: -2 },
      { field: 3, wireType: 'fixed32', value: 0x7f80_0000 },
    ])
  })

  it('has text where bytes are printable, a message where they begin with a field of their own', () => {
    const inner = write([{ field: 1, wireType: 'bytes', value: 'x'.repeat(40) }]).finish()
    const bytes = Buffer.from(
      protobuf.Writer.create().uint32(tag(1, 2)).bytes(inner).uint32(tag(2, 2)).string('HI').uint32(tag(3, 2)).string('').finish(),
    )
    expect(fieldTree(bytes)).toEqual([
      { field: 1, wireType: 'bytes', value: [{ field: 1, wireType: 'bytes', value: 'x'.repeat(40) }] },
      { field: 2, wireType: 'bytes', value: 'HI' },
      { field: 3, wireType: 'bytes', value: '' },
    ])
  })
})

const depthOf = (json: unknown): number =>
  typeof json === 'object' && json !== null ? 1 + Math.max(0, ...Object.values(json).map(depthOf)) : 0

describe('bytes of any kind', () => {
  it('never throw, whatever they are taken for', async () => {
    const { ours } = await typesOf()
    const seeds = fc.tuple(tree.message, fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 4 })).map(([fields, changes]) => {
      const bytes = Buffer.from(write(fields).finish())
      for (const [at, byte] of changes) bytes[at % bytes.length] = byte
      return bytes
    })
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), seeds), (bytes) => {
        for (const type of [null, ours]) {
          const decoded = decodeProtobuf(Buffer.from(bytes), type)
          expect('value' in decoded || 'fields' in decoded || decoded.problem !== undefined).toBe(true)
        }
      }),
      { seed: 20_261_125, numRuns: 2_000 },
    )
  })

  it('become no more than a bounded tree', async () => {
    const { ours } = await typesOf()
    const nested = (depth: number, number: number) => {
      let bytes = Buffer.of(0xff)
      for (let n = 0; n < depth; n++) bytes = Buffer.from(protobuf.Writer.create().uint32(tag(number, 2)).bytes(bytes).finish())
      return bytes
    }
    const groups = Buffer.concat([Buffer.alloc(5_000, tag(1, 3)), Buffer.alloc(5_000, tag(1, 4))])
    const hostile = [
      Buffer.alloc(1024 * 1024 + 1),
      Buffer.from('\x08\x01'.repeat(10_001)),
      Buffer.from('\x0a\x00'.repeat(500_000)),
      Buffer.concat([Buffer.of(tag(3, 2), 0x80, 0x80, 0x3c), Buffer.alloc(983_040, 1)]),
      nested(5_000, 1),
      nested(5_000, 10),
      groups,
    ]
    for (const bytes of hostile)
      for (const type of [null, ours]) {
        const decoded = decodeProtobuf(bytes, type)
        expect(JSON.stringify(decoded).length).toBeLessThanOrEqual(1024 * 1024)
        expect(depthOf(decoded)).toBeLessThan(210)
      }
    expect(decodeProtobuf(hostile[0] as Buffer, null)).toEqual({ problem: 'tooLarge' })
    expect(decodeProtobuf(hostile[1] as Buffer, null)).toEqual({ problem: 'tooLarge' })
    expect(decodeProtobuf(groups, null)).toEqual({ problem: 'notProtobuf' })
  })
})

describe('.proto files', () => {
  it('are found in folders, with what they import from there; a gateway’s prefix does not matter', async () => {
    const files = new ProtoFiles([await shop()])
    expect(files.problems).toEqual([])
    expect(files.method('/api/shop.v1.Orders/Place')).toMatchObject({
      request: { name: 'shop.v1.Order' },
      response: { name: 'common.Money' },
    })
    for (const path of ['/shop.v1.Orders/Cancel', '/Orders/Place', '/', '', '/constructor/toString']) expect(files.method(path)).toBeNull()
  })

  it('that cannot be used are named, and cost the others nothing', async () => {
    const folder = await protoFolder({
      'order.proto': order,
      'common/money.proto': money,
      'broken.proto': 'syntax = "proto3";\nmessage {',
      'twice.proto': money,
      'lost.proto': 'syntax = "proto3";\nimport "gone.proto";\nmessage Lost { gone.Thing thing = 1; }',
    })
    const files = new ProtoFiles([folder, join(folder, 'none.proto')])
    expect(files.method('/shop.v1.Orders/Place')).not.toBeNull()
    expect(files.problems).toEqual([
      `${join(folder, 'none.proto')}: it cannot be read (ENOENT)`,
      `${join(folder, 'broken.proto')}: illegal type name '{' (line 2)`,
      `${join(folder, 'lost.proto')}: no such Type or Enum 'gone.Thing' in Type .Lost (imports that are not there: gone.proto)`,
    ])
  })
})
