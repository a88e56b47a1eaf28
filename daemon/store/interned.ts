/** Small tables of what many exchanges share: each value is written once while it is remembered, and named by its id. */

import type { Database, Statement } from './database.ts'
import { nextId } from './next-id.ts'
import type { ConnectionRecord, ExchangeRecord, FieldBlock, OriginRecord } from './records.ts'

/** Texts remembered a table; past it everything is forgotten and may be written again. */
const rememberedLines = 8192
const rememberedUnderKey = 32

interface RequestLine {
  id: number
  method: string
  version: string
  scheme: string
}
interface StatusLine {
  id: number
  version: string
  reason: string
}

/** The ids it gives away are of the running transaction: `forget` after a rollback. */
export class Interned {
  #insertHead: Statement
  #insertRequestLine: Statement
  #insertStatusLine: Statement
  #insertConnection: Statement
  #insertOrigin: Statement
  #heads = new WeakMap<FieldBlock, number>()
  #requestLines = new Remembered<string, RequestLine>()
  #statusLines = new Remembered<number, StatusLine>()
  #next: { head: number; requestLine: number; statusLine: number; connection: number; origin: number }
  /** Records that got their id in this transaction. */
  #fresh: { id: number }[] = []

  constructor(db: Database) {
    this.#insertHead = db.prepare('INSERT INTO head (id, fields) VALUES (?, ?)')
    this.#insertRequestLine = db.prepare(
      'INSERT INTO request_line (id, method, version, scheme, authority, host, port) VALUES (?, ?, ?, ?, ?, ?, ?)',
    )
    this.#insertStatusLine = db.prepare('INSERT INTO status_line (id, version, status, reason) VALUES (?, ?, ?, ?)')
    this.#insertConnection = db.prepare('INSERT INTO connection (id, address, port) VALUES (?, ?, ?)')
    this.#insertOrigin = db.prepare('INSERT INTO origin (id, address, port, tls) VALUES (?, ?, ?, ?)')
    this.#next = {
      head: nextId(db, 'head'),
      requestLine: nextId(db, 'request_line'),
      statusLine: nextId(db, 'status_line'),
      connection: nextId(db, 'connection'),
      origin: nextId(db, 'origin'),
    }
  }

  head(block: FieldBlock): number {
    const known = this.#heads.get(block)
    if (known !== undefined) return known
    const id = this.#next.head++
    this.#insertHead.run(id, JSON.stringify(block.fields))
    this.#heads.set(block, id)
    return id
  }

  requestLine({ method, requestVersion, scheme, authority }: ExchangeRecord): number {
    const lines = this.#requestLines.of(authority)
    for (const line of lines) if (line.method === method && line.version === requestVersion && line.scheme === scheme) return line.id
    const id = this.#next.requestLine++
    const { host, port } = splitAuthority(authority)
    this.#insertRequestLine.run(id, method, requestVersion, scheme, authority, host, port)
    this.#requestLines.add(authority, { id, method, version: requestVersion, scheme })
    return id
  }

  statusLine({ responseVersion, status, reason }: ExchangeRecord): number {
    const lines = this.#statusLines.of(status)
    for (const line of lines) if (line.reason === reason && line.version === responseVersion) return line.id
    const id = this.#next.statusLine++
    this.#insertStatusLine.run(id, responseVersion, status, reason)
    this.#statusLines.add(status, { id, version: responseVersion, reason })
    return id
  }

  connection(connection: ConnectionRecord): number {
    if (connection.id !== 0) return connection.id
    const { client } = connection
    connection.id = this.#next.connection++
    this.#fresh.push(connection)
    this.#insertConnection.run(connection.id, client === null ? null : client.address, client === null ? null : client.port)
    return connection.id
  }

  origin(origin: OriginRecord): number {
    if (origin.id !== 0) return origin.id
    const { server, tls } = origin
    origin.id = this.#next.origin++
    this.#fresh.push(origin)
    this.#insertOrigin.run(origin.id, server.address, server.port, tls === null ? null : JSON.stringify(tls))
    return origin.id
  }

  /** The transaction was committed. */
  keep(): void {
    if (this.#fresh.length > 0) this.#fresh = []
  }

  /** The transaction was rolled back: nothing it wrote may be named again. */
  forget(): void {
    for (const record of this.#fresh) record.id = 0
    this.#fresh = []
    this.#heads = new WeakMap()
    this.#requestLines.clear()
    this.#statusLines.clear()
  }
}

const none: readonly never[] = []

/** Values under a key that nearly tells them apart; faster than putting a text together to look it up. */
class Remembered<Key, Value> {
  #lists = new Map<Key, Value[]>()
  #size = 0

  of(key: Key): readonly Value[] {
    return this.#lists.get(key) ?? none
  }

  add(key: Key, value: Value): void {
    if (this.#size++ >= rememberedLines) this.clear()
    const list = this.#lists.get(key)
    if (list === undefined) this.#lists.set(key, [value])
    else if (list.length < rememberedUnderKey) list.push(value)
    else list[0] = value
  }

  clear(): void {
    this.#lists.clear()
    this.#size = 0
  }
}

/** `host`, `host:port` or `[v6]:port` -> the host in lower case, without brackets. */
function splitAuthority(authority: string): { host: string; port: number | null } {
  const match = /^(.*):(\d{1,5})$/s.exec(authority)
  const [host, port] = match && !/^[^[].*:/s.test(match[1] as string) ? [match[1] as string, Number(match[2])] : [authority, null]
  return { host: (host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host).toLowerCase(), port }
}
