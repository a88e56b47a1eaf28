/** The back end for an exchange in hand: one that passes just now, or one as it stands on the wire. */
import { defaultPort, splitAuthority } from '../authority.ts'
import type { Part, Tls } from '../model.ts'
import type { Query, Term, Test } from './ast.ts'
import { type BodyTest, bodyTest, jsonBodyTest } from './body-test.ts'
import { type FieldName, fieldOf, type Phase } from './fields.ts'
import { isSetCookie, pathOf, someField, someParameter, someSentCookie, urlOf } from './message-values.ts'
import { askedOnce, type BodyOf, type QuerySubject } from './subject.ts'
import { foldCase, growingTest, mediaTypeTest, numberTest, scaled, textTest } from './text-test.ts'

/** null: not to be known yet. */
type Truth = boolean | null

/**
 * @param phase how far the exchange has come: terms on what may still change are unknown
 * @param bodyOf without it no body is known of
 */
export type Decide = (subject: QuerySubject, phase: Phase, bodyOf: BodyOf) => Truth
type Holds = (subject: QuerySubject, bodyOf: BodyOf) => boolean

const order: { readonly [P in Phase]: number } = { request: 0, response: 1, end: 2 }
/** Their terms ask for bytes of bodies. */
const bodyFields: ReadonlySet<FieldName> = new Set(['req.body', 'resp.body', 'req.json', 'resp.json'])
const noBody: BodyOf = () => null

/** Compiled once, asked often. Relative times are meant from now. */
export function compilePredicate(query: Query, now = Date.now()): Decide {
  const decide = compile(query, now)
  return bodyTerms(query) > 1 ? (subject, phase, bodyOf) => decide(subject, phase, askedOnce(bodyOf)) : decide
}

function bodyTerms(query: Query): number {
  if (query.type === 'term') return bodyFields.has(query.field) ? 1 : 0
  return query.type === 'not' ? bodyTerms(query.of) : query.of.reduce((sum, part) => sum + bodyTerms(part), 0)
}

function compile(query: Query, now: number): Decide {
  switch (query.type) {
    case 'term': {
      const holds = compileTerm(query, now)
      const known = order[fieldOf(query.field).known]
      const settled = settledBefore(query)
      return (subject, phase, bodyOf) => (order[phase] < known ? settled(subject) : holds(subject, bodyOf))
    }
    case 'not': {
      const decide = compile(query.of, now)
      return (subject, phase, bodyOf) => {
        const truth = decide(subject, phase, bodyOf)
        return truth === null ? null : !truth
      }
    }
    case 'and':
      return combine(query.of, now, false)
    case 'or':
      return combine(query.of, now, true)
  }
}

/** What is known of a term while its field may still change: sizes do but grow. */
function settledBefore({ field, test }: Term): (subject: QuerySubject) => Truth {
  if (!isSize(field)) return () => null
  const size = sizes[field]
  const settled = growingTest(test)
  return (subject) => {
    const bytes = size(subject)
    return bytes === null ? null : settled(bytes)
  }
}

/** Kleene's and, or: one part that is `decisive` decides; else one that is unknown leaves it open. */
function combine(parts: Query[], now: number, decisive: boolean): Decide {
  const decides = parts.map((part) => compile(part, now))
  return (subject, phase, bodyOf) => {
    let truth: Truth = !decisive
    for (const decide of decides) {
      const part = decide(subject, phase, bodyOf)
      if (part === decisive) return decisive
      if (part === null) truth = null
    }
    return truth
  }
}

/** Whether an exchange that is what it is matches. */
export const matches = (decide: Decide, subject: QuerySubject, bodyOf: BodyOf = noBody): boolean => decide(subject, 'end', bodyOf) === true

const compileTerm = ({ field, name, test }: Term, now: number): Holds => compilers[field](test, name, now)

type Compiler = (test: Test, name: string | undefined, now: number) => Holds

const text =
  (value: (subject: QuerySubject) => string | null | undefined, ignoresCase = false): Compiler =>
  (test) => {
    const passes = textTest(test, ignoresCase)
    return (subject) => {
      const found = value(subject)
      return found !== null && found !== undefined && passes(found)
    }
  }

const number =
  (value: (subject: QuerySubject) => number | null | undefined): Compiler =>
  (test) => {
    const passes = numberTest(test)
    return (subject) => {
      const found = value(subject)
      return found !== null && found !== undefined && passes(found)
    }
  }

/** Compared in whole microseconds, as they are stored. */
const duration = (value: (subject: QuerySubject) => number | null): Compiler => {
  const microseconds = number((subject) => {
    const ms = value(subject)
    return ms === null ? null : Math.round(ms * 1000)
  })
  return (test, name, now) => microseconds(scaled(test, 1000), name, now)
}

/** The moment that a time test means, Unix microseconds. */
export function momentOf(test: Test, now: number): number {
  if (test.type !== 'time') return Number.NaN
  return ('at' in test ? test.at : now - test.ago) * 1000
}

const header =
  (part: Part): Compiler =>
  (test, name) => {
    const passes = textTest(test, false)
    const wanted = name === undefined ? undefined : foldCase(name)
    return (subject) => someField(fieldsOf(subject, part), wanted, passes)
  }

const cookie =
  (part: Part): Compiler =>
  (test, name) => {
    const passes = textTest(test, false)
    const [field, some] = part === 'request' ? ['cookie', someSentCookie] : ['set-cookie', isSetCookie]
    return (subject) => someField(fieldsOf(subject, part), field as string, (value) => (some as typeof isSetCookie)(value, name, passes))
  }

const mediaType =
  (part: Part): Compiler =>
  (test) => {
    const passes = mediaTypeTest(test)
    return (subject) => someField(fieldsOf(subject, part), 'content-type', passes)
  }

const inBody =
  (part: Part, compile: (test: Test, name: string | undefined) => BodyTest): Compiler =>
  (test, name) => {
    const passes = compile(test, name)
    return (subject, bodyOf) => {
      if (part === 'response' && subject.status === 0) return false
      const bytes = bodyOf(part)
      return bytes !== null && passes(bytes, fieldsOf(subject, part))
    }
  }

const tls = (value: (tls: Tls) => string | null | undefined, ignoresCase = false): Compiler =>
  text((subject) => subject.tls && value(subject.tls), ignoresCase)

const noFields: QuerySubject['requestFields']['fields'] = []

const fieldsOf = (subject: QuerySubject, part: Part) =>
  part === 'request' ? subject.requestFields.fields : subject.status === 0 ? noFields : (subject.responseFields?.fields ?? noFields)

/** null: it has none. */
const sizes = {
  size: ({ requestSize, status, responseSize }: QuerySubject) => requestSize + (status === 0 ? 0 : responseSize),
  'req.size': ({ requestSize }: QuerySubject) => requestSize,
  'resp.size': ({ status, responseSize }: QuerySubject) => (status === 0 ? null : responseSize),
}

const isSize = (field: FieldName): field is keyof typeof sizes => field in sizes

const compilers: { readonly [F in FieldName]: Compiler } = {
  host: text(({ authority }) => splitAuthority(authority).host, true),
  port: number(({ authority, scheme }) => splitAuthority(authority).port ?? defaultPort(scheme)),
  scheme: text(({ scheme }) => scheme),
  method: text(({ method }) => method, true),
  url: text(({ scheme, authority, path }) => urlOf(scheme, authority, path)),
  path: text(({ path }) => pathOf(path)),
  query: (test, name) => {
    const passes = textTest(test, false)
    return ({ path }) => someParameter(path, name, passes)
  },
  version: text(({ requestVersion }) => requestVersion),
  status: number(({ status }) => (status === 0 ? null : status)),
  type: mediaType('response'),
  'req.type': mediaType('request'),
  'req.header': header('request'),
  'resp.header': header('response'),
  'req.cookie': cookie('request'),
  'resp.cookie': cookie('response'),
  'req.body': inBody('request', bodyTest),
  'resp.body': inBody('response', bodyTest),
  'req.json': inBody('request', (test, name) => jsonBodyTest(name, test)),
  'resp.json': inBody('response', (test, name) => jsonBodyTest(name, test)),
  size: number(sizes.size),
  'req.size': number(sizes['req.size']),
  'resp.size': number(sizes['resp.size']),
  dur: duration(({ durationMs }) => durationMs),
  wait: duration(({ waitMs }) => waitMs),
  from: (test, _, now) => {
    const moment = momentOf(test, now)
    return ({ startedAt }) => Math.round(startedAt * 1000) >= moment
  },
  until: (test, _, now) => {
    const moment = momentOf(test, now)
    return ({ startedAt }) => Math.round(startedAt * 1000) < moment
  },
  client: text(({ client }) => client?.address),
  'client.port': number(({ client }) => client?.port),
  process: (test) => {
    const passes = textTest(test, false)
    return ({ client }) => {
      const process = client?.process
      return process !== undefined && (passes(process.name) || (process.path !== null && passes(process.path)))
    }
  },
  'process.pid': number(({ client }) => client?.process?.pid),
  server: text(({ server }) => server?.address),
  'server.port': number(({ server }) => server?.port),
  'tls.version': tls(({ version }) => version),
  'tls.cipher': tls(({ cipher }) => cipher),
  'tls.alpn': tls(({ alpn }) => alpn),
  'tls.sni': tls(({ sni }) => sni, true),
  'tls.ja3': tls(({ ja3 }) => ja3),
  'tls.ja4': tls(({ ja4 }) => ja4),
  'tls.subject': tls(({ certificate }) => certificate?.subject),
  'tls.issuer': tls(({ certificate }) => certificate?.issuer),
  source: text(({ source }) => source),
  kind: text(({ kind }) => kind),
  state: text(({ state }) => state),
  error: text(({ error }) => error?.reason),
  'error.message': text(({ error }) => error?.message),
  anomaly: (test) => {
    const passes = textTest(test, false)
    return ({ anomalies }) => anomalies?.some(passes) ?? false
  },
  initiator: text(({ browser }) => browser?.initiator?.url),
  page: text(({ browser }) => browser?.page),
  resource: text(({ browser }) => browser?.resource),
  cache: text(({ browser }) => browser?.servedFrom),
  stream: number(({ stream }) => (stream === 0 ? null : stream)),
  tag: (test) => {
    const passes = textTest(test, false)
    return ({ tags }) => tags.some(passes)
  },
  note: text(({ note }) => note),
  seq: number(({ seq }) => seq),
}
