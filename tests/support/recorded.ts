/** Session files made directly, without a daemon. */
import { join } from 'node:path'
import { type BodyRecord, type ExchangeRecord, newBody } from '../../daemon/store/records.ts'
import { SessionFile } from '../../daemon/store/session-file.ts'
import type { Session } from '../../sdk/model.ts'

const client = { address: '127.0.0.1', port: 50000 }
const server = { address: '192.0.2.1', port: 443 }

export function recordedBody(bytes: Uint8Array): BodyRecord {
  const buffer = Buffer.from(bytes)
  return { ...newBody(), pending: [buffer], pendingBytes: buffer.length, size: buffer.length, ended: true }
}

/** A complete `GET https://origin.test/<seq>` with a 200 and a text, changed by `change`. */
export function recorded(seq: number, change: Partial<ExchangeRecord> = {}): ExchangeRecord {
  const startedAt = 1_700_000_000_000 + seq
  return {
    seq,
    stream: 0,
    stored: false,
    state: 'complete',
    kind: 'http',
    source: 'proxy',
    connection: { id: 0, client, named: false },
    origin: { id: 0, server, tls: null },
    startedAt,
    requestEndedAt: startedAt + 1,
    responseStartedAt: startedAt + 2,
    endedAt: startedAt + 3,
    dnsMs: -1,
    connectMs: -1,
    tlsMs: -1,
    method: 'GET',
    scheme: 'https',
    authority: 'origin.test',
    path: `/${seq}`,
    requestVersion: '1.1',
    requestFields: { fields: [['Host', 'origin.test']] },
    requestTrailers: null,
    requestBody: null,
    status: 200,
    reason: 'OK',
    responseVersion: '1.1',
    responseFields: { fields: [['Content-Type', 'text/plain']] },
    responseTrailers: null,
    informational: null,
    responseBody: recordedBody(Buffer.from(`body ${seq}`)),
    sentUnkept: 0,
    receivedUnkept: 0,
    error: null,
    anomalies: null,
    browser: null,
    messages: null,
    messageCount: 0,
    removed: null,
    ...change,
  }
}

/** A stopped session whose file holds `count` exchanges, 1,000 a commit. */
export function recordSession(folder: string, count: number, make: (seq: number) => ExchangeRecord = recorded): Session {
  const path = join(folder, 'recorded.weir')
  const file = SessionFile.open(path, { create: true })
  for (let left = count; left > 0; left -= 1000) {
    const records = Array.from({ length: Math.min(left, 1000) }, () => make(file.nextSeq()))
    file.commit(records, [])
  }
  const counts = file.counts
  file.close()
  return { id: 'recorded', name: 'recorded', state: 'stopped', startedAt: 1_700_000_000_000, proxy: null, file: path, counts }
}
