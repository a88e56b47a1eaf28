/** One statement of a user's, which may only read, on one session file. */
import { invalidParams, type WeirError } from '../../sdk/errors.ts'
import { type Database, isStoreError, openForReading, type Statement } from './database.ts'
import { sessionKind } from './session-layout.ts'

export interface SqlQuery {
  file: string
  sql: string
  /** By position or by name (without the prefix). */
  params: unknown[] | Record<string, unknown>
  /** Rows at most. */
  limit: number
}

export interface SqlRows {
  columns: string[]
  rows: unknown[][]
  /** There are rows beyond the limit, or beyond what an answer may hold. */
  more: boolean
}

/** Of the rows as JSON, about, bytes. */
const mostBytes = 7 * 1024 * 1024

/** Throws WeirError: -32602 invalidSql; those of openForReading. */
export function runSql({ file, sql, params, limit }: SqlQuery): SqlRows {
  const db = openForReading(file, sessionKind)
  try {
    const statement = prepare(db, sql)
    const rows: unknown[][] = []
    let bytes = 0
    for (const row of bound(statement, params) as Iterable<unknown[]>) {
      const values = row.map(toJson)
      bytes += values.reduce<number>((sum, value) => sum + sizeOf(value), 0)
      if (rows.length === limit || (bytes > mostBytes && rows.length > 0)) return { columns: namesOf(statement), rows, more: true }
      rows.push(values)
    }
    return { columns: namesOf(statement), rows, more: false }
  } catch (error) {
    throw isStoreError(error) ? invalidSql((error as Error).message) : error
  } finally {
    db.close()
  }
}

/** What a reading statement begins with, after comments. ATTACH and PRAGMA count as reading for the driver, and change what follows. */
const reads = /^(?:\s|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)*(?:SELECT|WITH|VALUES|EXPLAIN)\b/i

function prepare(db: Database, sql: string): Statement {
  if (!reads.test(sql)) throw invalidSql('it must be one SELECT, WITH, VALUES or EXPLAIN')
  const statement = prepareOne(db, sql)
  if (!statement.reader || !statement.readonly) throw invalidSql('it would write; a session is only read here')
  return statement.raw().safeIntegers()
}

function prepareOne(db: Database, sql: string): Statement {
  try {
    return db.prepare(sql)
  } catch (error) {
    // The driver's own word for more statements than one.
    if (error instanceof RangeError) throw invalidSql('it must be one statement')
    throw error
  }
}

function bound(statement: Statement, params: SqlQuery['params']): Iterable<unknown> {
  try {
    return Array.isArray(params) ? statement.iterate(...params.map(toSql)) : statement.iterate(mapped(params))
  } catch (error) {
    // Too few, too many, or of a name that the statement does not have.
    if (error instanceof RangeError || error instanceof TypeError) throw invalidParam(error.message)
    throw error
  }
}

const mapped = (params: Record<string, unknown>) => Object.fromEntries(Object.entries(params).map(([name, value]) => [name, toSql(value)]))

function toSql(value: unknown): unknown {
  if (typeof value === 'boolean') return value ? 1 : 0
  if (value === null || typeof value === 'string' || typeof value === 'number') return value
  throw invalidParam('a value is null, true, false, a number or a text')
}

const namesOf = (statement: Statement): string[] => statement.columns().map(({ name }) => name)

/** Integers beyond what JSON's readers keep exactly are texts; bytes are `{base64}`. */
function toJson(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
  if (Buffer.isBuffer(value)) return { base64: value.toString('base64') }
  return value
}

const sizeOf = (value: unknown): number => {
  if (typeof value === 'string') return value.length * 2
  return typeof value === 'object' && value !== null ? (value as { base64: string }).base64.length : 20
}

const invalidSql = (why: string): WeirError => invalidParams('invalidSql', `query/sql: ${why}`, [{ path: '/sql', message: why }])
const invalidParam = (why: string): WeirError => invalidParams('invalidSql', `query/sql: ${why}`, [{ path: '/params', message: why }])
