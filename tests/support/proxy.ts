/** The proxy in the test's own process, and a stand-in for the recorder that keeps what it is told. */
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { onTestFinished, vi } from 'vitest'
import { type BatchMessage, CopyKind, readBatch } from '../../daemon/capture/wire-copy.ts'
import { ProxyService } from '../../daemon/proxy/proxy-service.ts'
import type { CaInfo, ListenerSettings, ProxyLimits, ProxySurface } from '../../daemon/proxy/surface.ts'
import { testCa } from './certificates.ts'
import { temporaryHome } from './home.ts'

type KindName = keyof typeof CopyKind
const kindNames = Object.fromEntries(Object.entries(CopyKind).map(([name, kind]) => [kind, name])) as Record<number, KindName>
const isBytes = (kind: number) => kind === CopyKind.fromClient || kind === CopyKind.fromOrigin

export interface CopyRecord {
  connection: number
  kind: KindName
  at: number
  bytes: Buffer
  // biome-ignore lint/suspicious/noExplicitAny: whatever JSON the record is
  json: any
}

/** Reads batches and gives credit back, unless told to keep it. */
export class RecorderStandIn {
  readonly port: MessagePort
  readonly records: CopyRecord[] = []
  #mine: MessagePort
  #kept = 0
  #keeps = false

  constructor() {
    const { port1, port2 } = new MessageChannel()
    this.#mine = port1
    this.port = port2
    port1.on('message', (batch: BatchMessage) => {
      readBatch(batch, {
        copy: (connection, kind, at, bytes) => {
          const json = isBytes(kind) || bytes.length === 0 ? null : JSON.parse(bytes.toString())
          this.records.push({ connection, kind: kindNames[kind] as KindName, at, bytes: Buffer.from(bytes), json })
        },
      })
      if (this.#keeps) this.#kept += batch.length
      else port1.postMessage({ credit: batch.length, spent: [] })
    })
  }

  keepCredit(): void {
    this.#keeps = true
  }

  giveCredit(): void {
    this.#keeps = false
    this.#mine.postMessage({ credit: this.#kept, spent: [] })
    this.#kept = 0
  }

  close(): void {
    this.#mine.close()
  }

  of(kind: KindName, connection?: number): CopyRecord[] {
    return this.records.filter((record) => record.kind === kind && (connection === undefined || record.connection === connection))
  }

  /** All copied bytes of one direction. */
  bytes(kind: 'fromClient' | 'fromOrigin', connection?: number): Buffer {
    return Buffer.concat(this.of(kind, connection).map(({ bytes }) => bytes))
  }

  /** Waits until a record of that kind is there. */
  async next(kind: KindName, count = 1): Promise<CopyRecord> {
    await vi.waitFor(
      () => {
        if (this.of(kind).length < count)
          throw new Error(`no ${kind} record; there are ${this.records.map((record) => record.kind).join(' ')}`)
      },
      { timeout: 10_000, interval: 5 },
    )
    return this.of(kind)[count - 1] as CopyRecord
  }
}

export interface TestProxyOptions extends Partial<ListenerSettings> {
  limits?: Partial<ProxyLimits>
  extraCa?: string
  environment?: { [name: string]: string }
  clientProcesses?: boolean
  ownPorts?: number[]
  keyLog?: string
}

export interface TestProxy {
  port: number
  ca: CaInfo
  home: string
  recorder: RecorderStandIn
  surface: ProxySurface
  /** From the next connection on; what is left out is as when it was started. */
  set(settings: Partial<ListenerSettings>): Promise<void>
  logs: { level: string; message: string }[]
  /** What tls.autoBypass has learned. */
  learned: string[]
}

/** Trusts the test CA. One session, handle 1; closed when the test has finished. */
export async function startProxy(options: TestProxyOptions = {}): Promise<TestProxy> {
  const logs: TestProxy['logs'] = []
  const learned: string[] = []
  const surface = new ProxyService({
    log: (entry) => void logs.push(entry),
    autoBypassed: ({ host }) => void learned.push(host),
    sendBody: async () => Promise.reject(new Error('nothing is sent')),
  }).surface()
  const home = await temporaryHome()
  const ca = await surface.configure({
    home,
    limits: { connections: 1000, handshakeMs: 15_000, connectMs: 15_000, ...options.limits },
    extraCa: options.extraCa ?? (await testCa()).certificate,
    environment: options.environment ?? {},
    clientProcesses: options.clientProcesses ?? false,
    ownPorts: options.ownPorts ?? [],
  })
  const recorder = new RecorderStandIn()
  await surface.attachRecorder({ port: recorder.port })
  const { proxy = {}, tls = {}, upstream = [], dial = {}, keyLog, reverse } = options
  const chosen = { ...(keyLog !== undefined && { keyLog }), ...(reverse !== undefined && { reverse }) }
  const settings: ListenerSettings = { proxy, tls, upstream, dial, ...chosen }
  const { port } = await surface.listen({ session: 1, settings })
  onTestFinished(async () => {
    await surface.closeSession({ session: 1 })
    recorder.close()
    recorder.port.close()
  })
  const set = (more: Partial<ListenerSettings>) => surface.setSettings({ session: 1, settings: { ...settings, ...more } })
  return { port, ca, home, recorder, surface, set, logs, learned }
}
