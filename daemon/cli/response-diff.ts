/** How a response differs from one that was recorded before: JSON bodies by structure, texts by lines, others by their bytes. */
import { structuredPatch } from 'diff'
import microdiff from 'microdiff'
import type { Client } from '../../sdk/client.ts'
import { WeirError } from '../../sdk/errors.ts'
import type { Exchange, Headers, Response } from '../../sdk/model.ts'
import { headerValue } from './exchange-row.ts'
import { readableText } from './readable-text.ts'

export interface HeaderDiff {
  name: string
  before: string[]
  after: string[]
}

/** `before` or `after` is absent where there is no such member. */
export interface JsonChange {
  path: (string | number)[]
  before?: unknown
  after?: unknown
}

export type BodyDiff =
  /** Without changes: the same JSON in other bytes. */
  | { kind: 'json'; changes: JsonChange[] }
  /** Lines of a unified diff, with three of context; without any: the same text in other bytes. */
  | { kind: 'text'; lines: string[] }
  /** No texts, or too large to be compared as such. */
  | { kind: 'bytes'; before: number; after: number }

export interface ResponseDiff {
  /** null: as before. A status of null: there was no response. */
  status: { before: number | null; after: number | null } | null
  headers: HeaderDiff[]
  body: BodyDiff | null
}

/** More is compared as bytes. */
const comparedBytes = 8 * 1024 * 1024
/** Texts that differ in more lines are compared as bytes: finding the fewest takes the square of that. */
const mostLinesApart = 4000

export async function diffResponses(client: Client, before: Exchange, after: Exchange): Promise<ResponseDiff> {
  const [was, is] = [before.response, after.response]
  const status = was?.status === is?.status ? null : { before: was?.status ?? null, after: is?.status ?? null }
  const headers = diffHeaders(was?.headers ?? [], is?.headers ?? [])
  return { status, headers, body: was && is ? diffBodies(was, await bodyOf(client, before), is, await bodyOf(client, after)) : null }
}

/** By name, whatever its case; what repeats in its order. */
export function diffHeaders(before: Headers, after: Headers): HeaderDiff[] {
  const names = new Set([...before, ...after].map(([name]) => name.toLowerCase()))
  const of = (headers: Headers, wanted: string) => headers.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value)
  return [...names]
    .map((name) => ({ name, before: of(before, name), after: of(after, name) }))
    .filter((found) => JSON.stringify(found.before) !== JSON.stringify(found.after))
}

interface Body {
  bytes: Buffer
  /** Of all of it. */
  size: number
}

export function diffBodies(was: Response, before: Body, is: Response, after: Body): BodyDiff | null {
  if (before.size === after.size && before.bytes.equals(after.bytes)) return null
  const sizes = { kind: 'bytes', before: before.size, after: after.size } as const
  if (before.bytes.length < before.size || after.bytes.length < after.size) return sizes
  const [old, now] = [textOf(was, before), textOf(is, after)]
  if (old === null || now === null) return sizes
  const changes = diffJson(old, now)
  if (changes) return { kind: 'json', changes }
  const patch = structuredPatch('', '', old, now, '', '', { context: 3, maxEditLength: mostLinesApart })
  return patch ? { kind: 'text', lines: patch.hunks.flatMap(({ lines }) => lines) } : sizes
}

/** null: one of them is no JSON, or nested too deeply to be compared. In a box, so that values that are no objects are compared, too. */
function diffJson(before: string, after: string): JsonChange[] | null {
  try {
    return microdiff({ box: parsed(before) }, { box: parsed(after) }, { cyclesFix: false }).map((change) => ({
      path: change.path.slice(1),
      ...(change.type !== 'CREATE' && { before: change.oldValue as unknown }),
      ...(change.type !== 'REMOVE' && { after: change.value as unknown }),
    }))
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return null
    throw error
  }
}

/** Its objects inherit nothing: a member may be called `constructor`. */
const parsed = (text: string): unknown =>
  JSON.parse(text, (_, value: unknown) => (isObject(value) ? Object.assign(Object.create(null), value) : value))

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value)

const textOf = ({ headers }: Response, { bytes }: Body): string | null => readableText(bytes, headerValue(headers, 'content-type') ?? '')

async function bodyOf(client: Client, { sessionId, seq }: Exchange): Promise<Body> {
  const read = async (decode: boolean): Promise<Body> => {
    const which = { sessionId, seq, part: 'response', offset: 0, length: comparedBytes, decode } as const
    const { data, size } = await client.call('exchange/readBody', which)
    return { bytes: Buffer.from(data, 'base64'), size }
  }
  try {
    return await read(true)
  } catch (error) {
    // What cannot be decoded is compared as it was on the wire.
    if (error instanceof WeirError) return read(false)
    throw error
  }
}
