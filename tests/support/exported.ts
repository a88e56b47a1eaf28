/** Exchanges as an exporter gets them, made in memory; and an exporter's output as text. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { gunzipSync } from 'node:zlib'
import { copySession } from '../../daemon/store/session-copy.ts'
import { SessionFile } from '../../daemon/store/session-file.ts'
import type { Exchange, Message, Part } from '../../sdk/model.ts'
import type { ExportedExchange, ExporterManifest } from '../../sdk/plugin.ts'
import { type ExchangeChange, testExchange } from '../../sdk/testing.ts'

type Deep<T> = { [K in keyof T]?: T[K] extends object | null ? Partial<T[K]> | null : T[K] }
export interface Bodies {
  request?: Uint8Array
  messages?: Message[]
  response?: Uint8Array
  /** Bytes of a piece of `streamBody`. */
  pieceBytes?: number
}

/** A complete GET of https://origin.test/ with a 200 and no bodies, changed by `change`; sizes follow the bodies. `decode` gunzips. */
export function exported(change: Deep<Exchange> = {}, bodies: Bodies = {}): ExportedExchange {
  const bytesOf = (part: Part) => bodies[part] ?? Buffer.alloc(0)
  const { bodies: _, ...exchange } = testExchange({
    startedAt: 1_700_000_000_000.25,
    durationMs: 3,
    timings: { send: 1, wait: 1.5, receive: 0.5 },
    state: 'complete',
    ...(change as ExchangeChange),
    bodies: { request: bytesOf('request'), response: bytesOf('response') },
  })
  return {
    ...exchange,
    async readBody(part: Part, { decode = false } = {}) {
      return decode ? gunzipSync(bytesOf(part)) : bytesOf(part)
    },
    async *streamBody(part: Part) {
      const bytes = bytesOf(part)
      const step = bodies.pieceBytes ?? 1024 * 1024
      for (let at = 0; at < bytes.byteLength; at += step) yield bytes.subarray(at, at + step)
    },
    async *messages() {
      yield* bodies.messages ?? []
    },
  }
}

/** Before the defaults are filled in. */
export type OptionsOf<Of> = Of extends ExporterManifest<infer Options> ? Partial<Options> : never

/** What the exporter writes for them, as it is and as text. */
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
  const exporter = manifest.create(options, { log: () => undefined, signal, dataDir: tmpdir() })
  const session = { id: 's', name: 's', file: '', state: 'stopped', startedAt: 0, proxy: null, counts: {} } as never
  const each = async function* () {
    yield* exchanges
  }
  const writeSession = async (to: string, given: AsyncIterable<ExportedExchange>) => {
    const folder = mkdtempSync(join(tmpdir(), 'weir-copied-'))
    try {
      const from = join(folder, 'from.weir')
      SessionFile.open(from, { create: true }).close()
      await copySession({ from, exchanges: given, to, signal })
    } finally {
      rmSync(folder, { recursive: true })
    }
  }
  const scratch = mkdtempSync(join(tmpdir(), 'weir-scratch-'))
  const run = exporter.run({
    session,
    exchanges: each(),
    out,
    signal,
    folder: { file: () => out },
    leaveOut: () => leftOut++,
    scratch,
    continues: false,
    writeSession,
  })
  await run.finally(() => rmSync(scratch, { recursive: true }))
  const bytes = Buffer.concat(pieces)
  return { bytes, text: bytes.toString('utf8'), leftOut }
}
