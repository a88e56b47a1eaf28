/** Exchanges as an exporter gets them, made in memory; and an exporter's output as text. */
import { Writable } from 'node:stream'
import { gunzipSync } from 'node:zlib'
import type { Exchange, Part } from '../../sdk/model.ts'
import type { ExportedExchange, ExporterManifest } from '../../sdk/plugin.ts'

type Deep<T> = { [K in keyof T]?: T[K] extends object | null ? Partial<T[K]> | null : T[K] }
export interface Bodies {
  request?: Uint8Array
  response?: Uint8Array
  /** Bytes of a piece of `streamBody`. */
  pieceBytes?: number
}

/** A complete GET of https://origin.test/ with a 200, changed by `change`; sizes follow the bodies. */
export function exported(change: Deep<Exchange> = {}, bodies: Bodies = {}): ExportedExchange {
  const { request, response, ...rest } = change
  const bytesOf = (part: Part) => bodies[part] ?? Buffer.alloc(0)
  const exchange = {
    seq: 1,
    sessionId: 's',
    connectionId: '1',
    source: 'proxy',
    state: 'complete',
    kind: 'http',
    startedAt: 1_700_000_000_000.25,
    durationMs: 3,
    timings: { send: 1, wait: 1.5, receive: 0.5 },
    client: { address: '127.0.0.1', port: 50000 },
    server: { address: '192.0.2.1', port: 443 },
    tls: null,
    tags: [],
    note: null,
    ...rest,
    request: {
      method: 'GET',
      url: 'https://origin.test/',
      httpVersion: '1.1',
      headers: [['Host', 'origin.test']],
      trailers: [],
      bodySize: bytesOf('request').byteLength,
      truncated: false,
      ...request,
    },
    response:
      response === null
        ? null
        : {
            status: 200,
            reason: 'OK',
            httpVersion: '1.1',
            headers: [['Content-Type', 'text/plain']],
            trailers: [],
            informational: [],
            bodySize: bytesOf('response').byteLength,
            truncated: false,
            ...response,
          },
    async readBody(part: Part, { decode = false } = {}) {
      return decode ? gunzipSync(bytesOf(part)) : bytesOf(part)
    },
    async *streamBody(part: Part) {
      const bytes = bytesOf(part)
      const step = bodies.pieceBytes ?? 1024 * 1024
      for (let at = 0; at < bytes.byteLength; at += step) yield bytes.subarray(at, at + step)
    },
  }
  return exchange as unknown as ExportedExchange
}

/** What the exporter writes for them. */
export async function exportText<Options>(manifest: ExporterManifest<Options>, exchanges: ExportedExchange[], options: Options) {
  const pieces: Buffer[] = []
  const out = new Writable({
    write(piece: Buffer, _encoding, done) {
      pieces.push(piece)
      done()
    },
  })
  const { signal } = new AbortController()
  let leftOut = 0
  const exporter = manifest.create(options, { log: () => undefined, signal, dataDir: '' })
  const session = { id: 's', name: 's', file: '', state: 'stopped', startedAt: 0, proxy: null, counts: {} } as never
  const each = async function* () {
    yield* exchanges
  }
  await exporter.run({ session, exchanges: each(), out, signal, leaveOut: () => leftOut++ })
  return { text: Buffer.concat(pieces).toString('utf8'), leftOut }
}
