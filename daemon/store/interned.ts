/** Small tables of what many exchanges share: each value is written once while it is remembered, and named by its id. */

import { splitAuthority } from '../../sdk/authority.ts'
import type { ClientProcess } from '../../sdk/model.ts'
import type { Database, Statement } from './database.ts'
import type { GoneIds, SharedTable } from './deletion.ts'
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
  #nameConnection: Statement
  #insertOrigin: Statement
  #heads = new WeakMap<FieldBlock, number>()
  #requestLines = new Remembered<string, RequestLine>()
  #statusLines = new Remembered<number, StatusLine>()
  /** Up to these ids rows may have been deleted. */
  #gone: GoneIds | null = null
  #isThere: { readonly [T in SharedTable]: Statement }
  #next: { head: number; requestLine: number; statusLine: number; connection: number; origin: number }
  /** Records that got their id in this transaction. */
  #fresh: { id: number }[] = []
  /** Connections that got their process in it. */
  #named: ConnectionRecord[] = []

  constructor(db: Database) {
    this.#insertHead = db.prepare('INSERT INTO head (id, fields) VALUES (?, ?)')
    this.#insertRequestLine = db.prepare(
      'INSERT INTO request_line (id, method, version, scheme, authority, host, port) VALUES (?, ?, ?, ?, ?, ?, ?)',
    )
    this.#insertStatusLine = db.prepare('INSERT INTO status_line (id, version, status, reason) VALUES (?, ?, ?, ?)')
    this.#insertConnection = db.prepare('INSERT INTO connection (id, address, port, pid, process, path) VALUES (?, ?, ?, ?, ?, ?)')
    this.#nameConnection = db.prepare('UPDATE connection SET pid = ?, process = ?, path = ? WHERE id = ?')
    this.#insertOrigin = db.prepare('INSERT INTO origin (id, address, port, tls) VALUES (?, ?, ?, ?)')
    const isThere = (table: SharedTable) => db.prepare(`SELECT 1 FROM ${table} WHERE id = ?`).pluck()
    this.#isThere = {
      head: isThere('head'),
      connection: isThere('connection'),
      origin: isThere('origin'),
      request_line: isThere('request_line'),
    }
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
    if (known !== undefined && !this.#isGone('head', known)) return known
    const id = this.#next.head++
    this.#insertHead.run(id, JSON.stringify(block.fields))
    this.#heads.set(block, id)
    return id
  }

  requestLine({ method, requestVersion, scheme, authority }: ExchangeRecord): number {
    const lines = this.#requestLines.of(authority)
    let known: RequestLine | undefined
    for (const line of lines) if (line.method === method && line.version === requestVersion && line.scheme === scheme) known = line
    if (known !== undefined && !this.#isGone('request_line', known.id)) return known.id
    const id = this.#next.requestLine++
    const { host, port } = splitAuthority(authority)
    this.#insertRequestLine.run(id, method, requestVersion, scheme, authority, host, port)
    if (known === undefined) this.#requestLines.add(authority, { id, method, version: requestVersion, scheme })
    else known.id = id
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
    if (connection.id !== 0 && !this.#isGone('connection', connection.id)) {
      if (!connection.named && connection.client?.process) this.#name(connection, connection.client.process)
      return connection.id
    }
    const { client } = connection
    const process = client?.process ?? null
    // It keeps its id: clients tell connections by it.
    if (connection.id === 0) {
      connection.id = this.#next.connection++
      this.#fresh.push(connection)
    }
    connection.named = process !== null
    this.#insertConnection.run(
      connection.id,
      client?.address ?? null,
      client?.port ?? null,
      process?.pid ?? null,
      process?.name ?? null,
      process?.path ?? null,
    )
    return connection.id
  }

  #name(connection: ConnectionRecord, { pid, name, path }: ClientProcess): void {
    connection.named = true
    this.#named.push(connection)
    this.#nameConnection.run(pid, name, path, connection.id)
  }

  origin(origin: OriginRecord): number {
    if (origin.id !== 0 && !this.#isGone('origin', origin.id)) return origin.id
    const { server, tls } = origin
    origin.id = this.#next.origin++
    this.#fresh.push(origin)
    this.#insertOrigin.run(origin.id, server.address, server.port, tls === null ? null : JSON.stringify(tls))
    return origin.id
  }

  /** Rows were deleted, and may be from now on. @param ids the highest of them, kept up to date */
  distrust(ids: GoneIds): void {
    this.#gone = ids
  }

  #isGone(table: SharedTable, id: number): boolean {
    return this.#gone !== null && id <= this.#gone[table] && this.#isThere[table].get(id) === undefined
  }

  /** The transaction was committed. */
  keep(): void {
    if (this.#fresh.length > 0) this.#fresh = []
    if (this.#named.length > 0) this.#named = []
  }

  /** The transaction was rolled back: nothing it wrote may be named again. */
  forget(): void {
    for (const record of this.#fresh) record.id = 0
    this.#fresh = []
    for (const connection of this.#named) connection.named = false
    this.#named = []
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
