/**
 * The back end for what is stored: a condition on `exchange e`, with bound parameters only. What SQL cannot say by itself it asks of
 * `weir_test(n, value)`, where a cheaper condition that must hold too stands before it wherever there is one.
 */
import { defaultPort } from '../../sdk/authority.ts'
import type { BrowserView } from '../../sdk/browser-view.ts'
import type { ExchangeKind, ExchangeState, Source, Tls } from '../../sdk/model.ts'
import type { Query, Term, Test } from '../../sdk/query/ast.ts'
import { type FieldName, fieldOf } from '../../sdk/query/fields.ts'
import { isSetCookie, pathOf, someParameter, someSentCookie } from '../../sdk/query/message-values.ts'
import { momentOf } from '../../sdk/query/predicate.ts'
import { foldCase, mediaTypeTest, scaled, textTest } from '../../sdk/query/text-test.ts'
import { kinds, sources, states } from './exchange-row.ts'
import { fieldFinder, jsonText } from './head-text.ts'

type SqlValue = string | number
/** Of a column's value, as the driver gives it. */
export type ColumnTest = (value: unknown) => boolean

export interface CompiledQuery {
  /** Every exchange that matches satisfies it. */
  sql: string
  params: SqlValue[]
  /** What `weir_test(n, value)` runs, by n. */
  tests: readonly ColumnTest[]
  /** It says all: what satisfies it matches. Else the predicate decides of each. */
  isExact: boolean
  /** An index leads to those that satisfy it. */
  isIndexed: boolean
}

/** Relative times are meant from now. */
export function compileSql(query: Query, now: number): CompiledQuery {
  const tests: ColumnTest[] = []
  const condition = compileCondition(query, { now, tests })
  const { sql, params, isExact } = onExchange(condition)
  return { sql, params, tests, isExact, isIndexed: condition.table === 'l' || condition.table === 's' }
}

interface Context {
  now: number
  tests: ColumnTest[]
}

/** The table whose columns a condition reads, by its alias: the exchange's, or one that many exchanges share. */
export type Table = 'e' | 'l' | 'o' | 's' | 'c' | 'q' | 'r'
export interface Condition {
  sql: string
  params: SqlValue[]
  table: Table
  isExact: boolean
}

/**
 * Of the few lines, origins and statuses those that match are found first; lines and statuses then by an index. Of connections and heads there may be as many as
 * exchanges: each looks at its own.
 */
const shared: { readonly [T in Exclude<Table, 'e'>]: (sql: string) => string } = {
  l: (sql) => `e.request_line IN (SELECT l.id FROM request_line l WHERE ${sql})`,
  o: (sql) => `e.origin IN (SELECT o.id FROM origin o WHERE ${sql})`,
  s: (sql) => `e.status IN (SELECT s.status FROM status_line s WHERE ${sql})`,
  c: (sql) => `EXISTS (SELECT 1 FROM connection c WHERE c.id = e.connection AND (${sql}))`,
  q: (sql) => `EXISTS (SELECT 1 FROM head q WHERE q.id = e.request_head AND (${sql}))`,
  r: (sql) => `EXISTS (SELECT 1 FROM head r WHERE r.id = CASE WHEN e.status IS NOT NULL THEN e.response_head END AND (${sql}))`,
}

const onExchange = (condition: Condition): Condition =>
  condition.table === 'e' ? condition : { ...condition, sql: shared[condition.table](condition.sql), table: 'e' }

/** What it asks, and of which table. @param context gets its tests */
export function compileCondition(query: Query, context: Context): Condition {
  switch (query.type) {
    case 'term':
      return compilers[query.field](query, context)
    case 'not':
      return not(compileCondition(query.of, context))
    case 'and':
    case 'or':
      return join(
        query.type,
        query.of.map((part) => compileCondition(part, context)),
      )
  }
}

/** An absent value makes NULL, which is not true; its NOT is. */
function not(condition: Condition): Condition {
  // An exchange without origin or response has no row there to say no of.
  const { sql, params, table, isExact } = condition.table === 'l' ? condition : onExchange(condition)
  return isExact ? { sql: `NOT coalesce((${sql}), 0)`, params, table, isExact } : anything(false)
}

const anything = (isExact: boolean): Condition => ({ sql: '1', params: [], table: 'e', isExact })

function join(type: 'and' | 'or', parts: Condition[]): Condition {
  if (parts.length === 0) return anything(true)
  const tables = new Map<Table, Condition[]>()
  for (const part of parts) tables.set(part.table, [...(tables.get(part.table) ?? []), part])
  const groups = [...tables.values()].map((group) => joinAlike(type, group))
  return groups.length === 1 ? (groups[0] as Condition) : joinAlike(type, groups.map(onExchange))
}

function joinAlike(type: 'and' | 'or', parts: Condition[]): Condition {
  const [first] = parts as [Condition]
  if (parts.length === 1) return first
  return {
    sql: inLevels(
      type,
      parts.map(({ sql }) => sql),
    ),
    params: parts.flatMap(({ params }) => params),
    table: first.table,
    isExact: parts.every(({ isExact }) => isExact),
  }
}

/** SQLite nests at most 1,000 expressions, and a row of ANDs counts as so many. */
const mostInARow = 32

function inLevels(type: 'and' | 'or', parts: readonly string[]): string {
  const middle = parts.length >> 1
  const level = parts.length <= mostInARow ? parts : [inLevels(type, parts.slice(0, middle)), inLevels(type, parts.slice(middle))]
  return level.map((part) => `(${part})`).join(type === 'and' ? ' AND ' : ' OR ')
}

type Compiler = (term: Term, context: Context) => Condition

const exact = (sql: string, params: SqlValue[], table: Table = 'e'): Condition => ({ sql, params, table, isExact: true })

/** `weir_test` on a column where `first` holds. */
function tested(
  column: string,
  test: ColumnTest,
  { tests }: Context,
  table: Table,
  first?: { sql: string; params: SqlValue[] },
): Condition {
  const call = `weir_test(${tests.push(test) - 1}, ${column})`
  return first === undefined ? exact(call, [], table) : exact(`CASE WHEN ${first.sql} THEN ${call} END`, first.params, table)
}

const onText =
  (test: (value: string) => boolean): ColumnTest =>
  (value) =>
    typeof value === 'string' && test(value)

/** @param derived what the field's value is of the column's; it must be a part of it */
const text =
  (table: Table, column: string, derived?: (value: string) => string): Compiler =>
  ({ field, test }, context) => {
    const ignoresCase = fieldOf(field).ignoresCase === true
    const expression = ignoresCase ? `lower(${column})` : column
    if (test.type === 'present') return exact(`${column} IS NOT NULL`, [], table)
    if (test.type !== 'is' && test.type !== 'contains') {
      const passes = textTest(test, ignoresCase)
      return tested(column, onText(derived === undefined ? passes : (value) => passes(derived(value))), context, table)
    }
    const pieces = ignoresCase ? test.pieces.map(foldCase) : test.pieces
    if (derived === undefined && pieces.length === 1) {
      const [piece = ''] = pieces
      return exact(test.type === 'is' ? `${expression} = ?` : `instr(${expression}, ?) > 0`, [piece], table)
    }
    const passes = textTest(test, ignoresCase)
    const first = holding(expression, pieces)
    return tested(column, onText(derived === undefined ? passes : (value) => passes(derived(value))), context, table, first)
  }

/** Pieces that are looked for at first glance. */
const mostPieces = 64

/** The text has each of the first pieces; undefined: there is none that says anything. */
function holding(expression: string, pieces: readonly string[]): { sql: string; params: SqlValue[] } | undefined {
  const params = pieces.filter((piece) => piece !== '').slice(0, mostPieces)
  return params.length === 0 ? undefined : { sql: params.map(() => `instr(${expression}, ?) > 0`).join(' AND '), params }
}

function numberSql(expression: string, test: Test): { sql: string; params: SqlValue[] } {
  if (test.type === 'number') return { sql: `${expression} ${test.operator} ?`, params: [test.value] }
  if (test.type === 'range') return { sql: `${expression} BETWEEN ? AND ?`, params: [test.from, test.to] }
  return { sql: `${expression} IS NOT NULL`, params: [] }
}

const number =
  (table: Table, expression: string, factor = 1): Compiler =>
  ({ test }) => {
    const { sql, params } = numberSql(expression, scaled(test, factor))
    return exact(sql, params, table)
  }

/** Words that lie in bits of `flags`, as their place in the list. */
const flags =
  (list: readonly (ExchangeState | ExchangeKind | Source)[], shift: number): Compiler =>
  ({ test }) => {
    const passes = textTest(test, false)
    const places = list.flatMap((word, place) => (passes(word) ? [place] : []))
    const bits = shift === 0 ? '(e.flags & 3)' : `(e.flags >> ${shift} & 3)`
    // Numbers instead of parameters: the index of open exchanges is for just this condition.
    return exact(places.length === 1 ? `${bits} = ${places[0]}` : `${bits} IN (${places.join()})`, [])
  }

const time =
  (operator: '>=' | '<'): Compiler =>
  ({ test }, { now }) =>
    exact(`e.started ${operator} ?`, [momentOf(test, now)])

const heads = { request: 'q', response: 'r' } as const
type Side = keyof typeof heads

/** Fields of a head, which is JSON text: [["Name","value"],...]. */
const fieldTest =
  (side: Side, named: (term: Term) => string | undefined, valueTest: (term: Term) => (value: string) => boolean): Compiler =>
  (term, context) => {
    const name = named(term)
    const table = heads[side]
    const column = `${table}.fields`
    return tested(column, onText(fieldFinder(name, valueTest(term))), context, table, firstGlance(column, name, term))
  }

/** Patterns of LIKE may have 50,000 bytes. */
const longestGlance = 10_000

/** What must stand in the head's text: the parts of the value, or at least the name. */
function firstGlance(column: string, name: string | undefined, { field, test }: Term): { sql: string; params: SqlValue[] } | undefined {
  if ((test.type === 'is' || test.type === 'contains') && fieldOf(field).type === 'value') {
    const glance = holding(column, test.pieces.map(jsonText))
    if (glance !== undefined) return glance
  }
  // LIKE ignores the case of ASCII, as names do; it ends at a NUL, which stands escaped there.
  if (name === undefined || name.length > longestGlance || !/^[\x20-\x7e]+$/.test(name)) return undefined
  return { sql: `${column} LIKE ? ESCAPE '\\'`, params: [`%"${jsonText(name).replace(/[%_\\]/g, '\\$&')}"%`] }
}

const header = (side: Side): Compiler =>
  fieldTest(
    side,
    ({ name }) => (name === undefined ? undefined : foldCase(name)),
    ({ test }) => textTest(test, false),
  )

const cookie = (side: Side): Compiler =>
  fieldTest(
    side,
    () => (side === 'request' ? 'cookie' : 'set-cookie'),
    ({ name, test }) => {
      const passes = textTest(test, false)
      return side === 'request' ? (value) => someSentCookie(value, name, passes) : (value) => isSetCookie(value, name, passes)
    },
  )

const mediaType = (side: Side): Compiler =>
  fieldTest(
    side,
    () => 'content-type',
    ({ test }) => mediaTypeTest(test),
  )

const tls =
  (value: (tls: Tls) => string | null | undefined): Compiler =>
  ({ field, test }, context) => {
    const passes = textTest(test, fieldOf(field).ignoresCase === true)
    const found = onText((json) => {
      const text = value(JSON.parse(json) as Tls)
      return text !== null && text !== undefined && passes(text)
    })
    return tested('o.tls', found, context, 'o')
  }

/** Something in a column of JSON, which few exchanges have. */
const inJson =
  (column: 'e.extra' | 'e.tags', values: (json: never) => readonly string[] | undefined): Compiler =>
  ({ test }, context) => {
    const passes = textTest(test, false)
    const found = onText((json) => values(JSON.parse(json) as never)?.some(passes) ?? false)
    return tested(column, found, context, 'e', { sql: `${column} IS NOT NULL`, params: [] })
  }

/** Something that a browser told. */
const inView = (value: (view: BrowserView) => string | undefined): Compiler =>
  inJson('e.extra', ({ browser }: { browser?: BrowserView }) => {
    const found = browser && value(browser)
    return found === undefined ? undefined : [found]
  })

/** SQL knows only whether there is a body. */
const inBody =
  (side: Side): Compiler =>
  () => ({ ...exact(`e.${side}_body IS NOT NULL`, []), isExact: false })

const url: Compiler = (term, context) => {
  const { sql, params } = text('e', `(x.scheme || '://' || x.authority || CASE WHEN e.path = '*' THEN '' ELSE e.path END)`)(term, context)
  return exact(`EXISTS (SELECT 1 FROM request_line x WHERE x.id = e.request_line AND (${sql}))`, params)
}

const compilers: { readonly [F in FieldName]: Compiler } = {
  host: text('l', 'l.host'),
  port: number('l', `coalesce(l.port, CASE l.scheme WHEN 'https' THEN ${defaultPort('https')} ELSE ${defaultPort('http')} END)`),
  scheme: text('l', 'l.scheme'),
  method: text('l', 'l.method'),
  url,
  path: text('e', 'e.path', pathOf),
  query: ({ name, test }, context) => {
    const passes = textTest(test, false)
    return tested(
      'e.path',
      onText((path) => someParameter(path, name, passes)),
      context,
      'e',
      { sql: `instr(e.path, '?') > 0`, params: [] },
    )
  },
  version: text('l', 'l.version'),
  status: number('s', 's.status'),
  type: mediaType('response'),
  'req.type': mediaType('request'),
  'req.header': header('request'),
  'resp.header': header('response'),
  'req.cookie': cookie('request'),
  'resp.cookie': cookie('response'),
  'req.body': inBody('request'),
  'resp.body': inBody('response'),
  'req.json': inBody('request'),
  'resp.json': inBody('response'),
  size: number('e', '(e.request_size + CASE WHEN e.status IS NULL THEN 0 ELSE e.response_size END)'),
  'req.size': number('e', 'e.request_size'),
  'resp.size': number('e', 'CASE WHEN e.status IS NOT NULL THEN e.response_size END'),
  dur: number('e', 'e.ended', 1000),
  wait: number('e', 'max(0, e.response_started - e.request_ended)', 1000),
  from: time('>='),
  until: time('<'),
  client: text('c', 'c.address'),
  'client.port': number('c', 'c.port'),
  process: (term, context) => joinAlike('or', [text('c', 'c.process')(term, context), text('c', 'c.path')(term, context)]),
  'process.pid': number('c', 'c.pid'),
  server: text('o', 'o.address'),
  'server.port': number('o', 'o.port'),
  'tls.version': tls(({ version }) => version),
  'tls.cipher': tls(({ cipher }) => cipher),
  'tls.alpn': tls(({ alpn }) => alpn),
  'tls.sni': tls(({ sni }) => sni),
  'tls.ja3': tls(({ ja3 }) => ja3),
  'tls.ja4': tls(({ ja4 }) => ja4),
  'tls.subject': tls(({ certificate }) => certificate?.subject),
  'tls.issuer': tls(({ certificate }) => certificate?.issuer),
  source: flags(sources, 4),
  kind: flags(kinds, 2),
  state: flags(states, 0),
  error: inJson('e.extra', ({ error }: { error?: { reason: string } }) => error && [error.reason]),
  'error.message': inJson('e.extra', ({ error }: { error?: { message: string } }) => error && [error.message]),
  anomaly: inJson('e.extra', ({ anomalies }: { anomalies?: string[] }) => anomalies),
  initiator: inView(({ initiator }) => initiator?.url),
  page: inView(({ page }) => page),
  resource: inView(({ resource }) => resource),
  cache: inView(({ servedFrom }) => servedFrom),
  stream: number('e', 'e.stream'),
  tag: inJson('e.tags', (tags: string[]) => tags),
  note: text('e', 'e.note'),
  seq: number('e', 'e.seq'),
}
