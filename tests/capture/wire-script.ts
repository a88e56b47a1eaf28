/** Batches as a proxy thread writes them, told step by step. */
import {
  type BatchMessage,
  type ConnectionClosed,
  type ConnectionOpened,
  type CopyGap,
  CopyKind,
  type OriginFacts,
  recordHead,
} from '../../daemon/capture/wire-copy.ts'
import type { ClientProcess, Failure } from '../../sdk/model.ts'

export const origin: OriginFacts = {
  server: { address: '127.0.0.2', port: 443 },
  tls: { version: 'TLSv1.3', cipher: 'TLS_AES_128_GCM_SHA256', alpn: null, sni: 'example.com' },
  dns: 1,
  connect: 2,
  tlsHandshake: 3,
}

export class WireScript {
  /** Unix ms of the next record; each is a millisecond after the one before. */
  at = 1_700_000_000_000
  #records: Buffer[] = []

  record(connection: number, kind: CopyKind, bytes: Buffer): this {
    const head = Buffer.alloc(recordHead)
    head.writeUInt32LE(connection, 0)
    head[4] = kind
    head.writeDoubleLE(this.at++, 5)
    head.writeUInt32LE(bytes.length, 13)
    this.#records.push(head, bytes)
    return this
  }

  opened(connection: number, more: Partial<ConnectionOpened> = {}): this {
    return this.#json(connection, CopyKind.opened, {
      session: 0,
      client: { address: '127.0.0.1', port: 50_000 + connection },
      scheme: 'https',
      authority: 'example.com:443',
      protocol: 'http1',
      startedAt: this.at,
      origin,
      ...more,
    } satisfies ConnectionOpened)
  }
  client(connection: number, text: string | Buffer): this {
    return this.record(connection, CopyKind.fromClient, Buffer.from(text as string, 'latin1'))
  }
  origin(connection: number, text: string | Buffer): this {
    return this.record(connection, CopyKind.fromOrigin, Buffer.from(text as string, 'latin1'))
  }
  clientEnd(connection: number): this {
    return this.record(connection, CopyKind.clientEnd, Buffer.alloc(0))
  }
  originEnd(connection: number): this {
    return this.record(connection, CopyKind.originEnd, Buffer.alloc(0))
  }
  facts(connection: number, facts: OriginFacts): this {
    return this.#json(connection, CopyKind.origin, facts)
  }
  failed(connection: number, failure: Failure): this {
    return this.#json(connection, CopyKind.failed, failure)
  }
  process(connection: number, process: ClientProcess | null): this {
    return this.#json(connection, CopyKind.process, process)
  }
  gap(connection: number, gap: CopyGap): this {
    return this.#json(connection, CopyKind.gap, gap)
  }
  closed(connection: number, more: Partial<ConnectionClosed> = {}): this {
    return this.#json(connection, CopyKind.closed, { by: 'client', reset: false, sent: 0, received: 0, ...more } satisfies ConnectionClosed)
  }
  listenerClosed(session = 0): this {
    return this.#json(0, CopyKind.listenerClosed, { session })
  }
  sessionClosed(session = 0): this {
    return this.#json(0, CopyKind.sessionClosed, { session })
  }

  /** What was told since the last batch. */
  batch(): BatchMessage {
    const all = Buffer.concat(this.#records)
    this.#records = []
    const bytes = new ArrayBuffer(all.length)
    new Uint8Array(bytes).set(all)
    return { bytes, length: all.length }
  }

  #json(connection: number, kind: CopyKind, value: unknown): this {
    return this.record(connection, kind, Buffer.from(JSON.stringify(value)))
  }
}
