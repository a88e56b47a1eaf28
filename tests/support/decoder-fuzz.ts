/**
 * Every pure decoder as bytes in, plain events out, and what real programs said (tests/fixtures/captures) to mutate. `checkDecoder` holds for any
 * bytes: nothing is thrown, the events do not depend on how the bytes are cut, and what they hold is bounded by the input.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect } from 'vitest'
import { EventStreamDecoder } from '../../daemon/capture/decoders/event-stream.ts'
import { GrpcDecoder } from '../../daemon/capture/decoders/grpc.ts'
import { HpackDecoder } from '../../daemon/capture/decoders/hpack.ts'
import { Http1RequestDecoder, Http1ResponseDecoder } from '../../daemon/capture/decoders/http1.ts'
import { Http2Decoder } from '../../daemon/capture/decoders/http2.ts'
import { decodeHuffman } from '../../daemon/capture/decoders/huffman.ts'
import { WebSocketDecoder } from '../../daemon/capture/decoders/websocket.ts'

type Told = (...event: unknown[]) => void
type Push = (bytes: Buffer) => void

export interface FuzzedDecoder {
  name: string
  /** Real inputs. */
  seeds: Buffer[]
  /** What all events hold may be so many times the input, and `room` more. */
  factor: number
  room: number
  /** 'whole': it takes its input in one piece. */
  takes: 'pieces' | 'whole'
  start(told: Told): Push
}

const folder = join(import.meta.dirname, '../fixtures/captures')
const captures = readdirSync(folder).map((name) => ({ name, bytes: readFileSync(join(folder, name)) }))
const captured = (name: RegExp): Buffer[] => captures.filter((one) => name.test(one.name)).map(({ bytes }) => bytes)
const http2Handler = (told: Told) => ({
  onFields: (stream: number, { fields, anomalies }: { fields: unknown; anomalies: unknown }) => told('fields', stream, fields, anomalies),
  onData: (stream: number, bytes: Buffer) => told('data', stream, bytes),
  onEnd: (stream: number) => told('end', stream),
  onPromise: (stream: number, promised: number, { fields }: { fields: unknown }) => told('promise', stream, promised, fields),
  onReset: (stream: number, code: number) => told('reset', stream, code),
  onGoAway: (last: number, code: number) => told('goAway', last, code),
  onFlood: () => told('flood'),
  onViolation: (offset: number) => told('violation', offset),
})
const http1Handler = (told: Told) => ({
  onHead: (head: object & { block: { fields: unknown } }) => {
    const { method, target, status, version } = head as never
    told('head', method, target, status, version, head.block.fields)
  },
  requestMethod: () => 'GET',
  onInformational: ({ status }: { status: number }) => told('informational', status),
  onData: (bytes: Buffer) => told('data', 0, bytes),
  onTrailers: ({ fields }: { fields: unknown }) => told('trailers', fields),
  onEnd: () => told('end'),
  onCut: () => told('cut'),
  onAnomaly: (anomaly: string) => told('anomaly', anomaly),
  onViolation: (anomaly: string, offset: number) => told('violation', anomaly, offset),
})

/** The payloads of HEADERS frames without padding and priority: real HPACK blocks. */
function blocksOf(bytes: Buffer): Buffer[] {
  const blocks: Buffer[] = []
  for (let at = bytes.indexOf('SM\r\n\r\n') < 0 ? 0 : 24; at + 9 < bytes.length; ) {
    const length = bytes.readUIntBE(at, 3)
    const flags = bytes[at + 4] as number
    if (bytes[at + 3] === 1 && (flags & 8) === 0) blocks.push(bytes.subarray(at + 9 + ((flags & 32) === 0 ? 0 : 5), at + 9 + length))
    at += 9 + length
  }
  return blocks
}
const fieldBlocks = captured(/http2/).flatMap(blocksOf)
const afterHead = (bytes: Buffer) => bytes.subarray(bytes.indexOf('\r\n\r\n') + 4)
const message = (text: string, flags = 0) => {
  const head = Buffer.alloc(5)
  head[0] = flags
  head.writeUInt32BE(text.length, 1)
  return Buffer.concat([head, Buffer.from(text)])
}

const listRoom = 3 * 1024 * 1024

export const fuzzedDecoders: FuzzedDecoder[] = [
  ...(['client', 'origin'] as const).flatMap((sender): FuzzedDecoder[] => [
    {
      name: `http1 ${sender}`,
      seeds: captured(new RegExp(`(http1|events)\\.${sender}`)),
      factor: 8,
      room: 2_000,
      takes: 'pieces',
      start: (told) => {
        const handler = http1Handler(told) as never
        const decoder = sender === 'client' ? new Http1RequestDecoder(handler) : new Http1ResponseDecoder(handler)
        return (bytes) => decoder.push(bytes, 0)
      },
    },
    {
      name: `http2 ${sender}`,
      seeds: captured(new RegExp(`http2\\.${sender}`)),
      factor: 64,
      room: listRoom,
      takes: 'pieces',
      start: (told) => {
        const decoder = new Http2Decoder(sender, http2Handler(told))
        return (bytes) => decoder.push(bytes, 0)
      },
    },
    ...[null, { contextTakeover: true }, { contextTakeover: false }].map(
      (deflate): FuzzedDecoder => ({
        name: `websocket ${sender}, ${JSON.stringify(deflate)}`,
        seeds: captured(new RegExp(`ws-.*\\.${sender}`)),
        factor: 1_100,
        room: 2_000,
        takes: 'pieces',
        start: (told) => {
          const decoder = new WebSocketDecoder(
            {
              onMessage: (type, payload, size) => told('message', type, payload, size),
              onAnomaly: (anomaly) => told('anomaly', anomaly),
              onViolation: () => told('violation'),
            },
            { deflate, masked: sender === 'client', limit: 100_000 },
          )
          return (bytes) => decoder.push(bytes, 0)
        },
      }),
    ),
  ]),
  {
    name: 'hpack',
    seeds: fieldBlocks,
    factor: 64,
    room: listRoom,
    takes: 'whole',
    start: (told) => {
      const decoder = new HpackDecoder()
      return (bytes) => told(decoder.decode(bytes))
    },
  },
  {
    name: 'huffman',
    seeds: fieldBlocks,
    factor: 8,
    room: 2_000,
    takes: 'whole',
    start: (told) => (bytes) => told(decodeHuffman(bytes, 0, bytes.length)),
  },
  {
    name: 'event-stream',
    seeds: captured(/events\.origin/).map(afterHead),
    factor: 8,
    room: 2_000,
    takes: 'pieces',
    start: (told) => {
      const decoder = new EventStreamDecoder((event) => told(event))
      return (bytes) => decoder.push(bytes, 0)
    },
  },
  ...[false, true].map(
    (web): FuzzedDecoder => ({
      name: web ? 'grpc-web' : 'grpc',
      seeds: [Buffer.concat([message('one'), message(''), message('x'.repeat(300), 1), message('grpc-status: 0\r\n', web ? 0x80 : 0)])],
      factor: 8,
      room: 2_000,
      takes: 'pieces',
      start: (told) => {
        const decoder = new GrpcDecoder(
          {
            onMessage: (payload, size, compressed) => told('message', payload, size, compressed),
            onTrailers: (payload) => told('trailers', payload),
            onViolation: () => told('violation'),
          },
          { web },
        )
        return (bytes) => decoder.push(bytes, 0)
      },
    }),
  ),
]

const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255), fc.constantFrom('set', 'drop', 'cut', 'double', 'insert')), {
  minLength: 1,
  maxLength: 5,
})

function mutated(original: Buffer, list: readonly [number, number, string][]): Buffer {
  let bytes: Buffer = Buffer.from(original)
  for (const [place, byte, kind] of list) {
    const at = bytes.length === 0 ? 0 : place % bytes.length
    const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)]
    if (kind === 'set' && bytes.length > 0) bytes[at] = byte
    else if (kind === 'drop') bytes = Buffer.concat([before, after.subarray(1)])
    else if (kind === 'cut') bytes = Buffer.from(before)
    else if (kind === 'double') bytes = Buffer.concat([before, after, after])
    else bytes = Buffer.concat([before, Buffer.of(byte), after])
  }
  return bytes
}

/** The same for the same seed. */
export const mutations = (originals: readonly Buffer[], count: number, seed: number): Buffer[] =>
  fc.sample(fc.tuple(fc.constantFrom(...originals), changes), { seed, numRuns: count }).map(([original, list]) => mutated(original, list))

/** What the decoder tells of these pieces, pieces of a body that follow each other joined. */
function eventsOf({ start }: FuzzedDecoder, pieces: readonly Buffer[]): unknown[] {
  const events: unknown[] = []
  const push = start((...event) => {
    const [kind, stream, bytes] = event.map((part) => (Buffer.isBuffer(part) ? part.toString('latin1') : part))
    const last = events.at(-1) as unknown[] | undefined
    if (kind === 'data' && bytes === '') return
    if (kind === 'data' && last?.[0] === 'data' && last[1] === stream) last[2] = `${last[2]}${bytes}`
    else events.push(event.map((part) => (Buffer.isBuffer(part) ? part.toString('latin1') : part)))
  })
  for (const piece of pieces) push(piece)
  return events
}

/** @param step bytes of a piece */
export function checkDecoder(decoder: FuzzedDecoder, bytes: Buffer, step: number): void {
  const events = eventsOf(decoder, [bytes])
  expect(JSON.stringify(events).length).toBeLessThanOrEqual(bytes.length * decoder.factor + decoder.room)
  if (decoder.takes === 'whole') return
  const pieces = Array.from({ length: Math.ceil(bytes.length / step) }, (_, n) => bytes.subarray(n * step, (n + 1) * step))
  expect(eventsOf(decoder, pieces)).toEqual(events)
}
