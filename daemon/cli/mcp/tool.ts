/** What a tool of `weir mcp` is: a row of the table in tools.ts. It translates, as a command does; the daemon decides. */
import type { Client } from '../../../sdk/client.ts'
import type { Redact } from '../../../sdk/redaction/settings.ts'
import { type Static, type TSchema, Type } from '../../../sdk/schema.ts'

/** What a call has to work with. */
interface World {
  client: Client
  /** Aborted when the agent cancels. */
  signal: AbortSignal
  /** What an answer may hold, characters. */
  budget: number
  /** As the call asks, but never less than the server hides. Throws a UsageError. */
  redact(asked: string | undefined): Redact
}

export interface Answer {
  /** JSON. */
  facts: unknown
  /** A text of its own beside it, as it is: no escapes cost an agent anything. Within the budget. */
  text?: string
}

export interface Tool<Schema extends TSchema = TSchema> {
  name: string
  description: string
  /** JSON Schema, closed. */
  input: Schema
  /** Something is other than before when it has run. */
  changes?: true
  run(given: Static<Schema>, world: World): Promise<Answer>
}

/** For the table: the params of `run` are what its schema describes. */
export const tool = <Schema extends TSchema>(row: Tool<Schema>): Tool => row as unknown as Tool

const optional = Type.Optional

/** Params that many tools have. */
export const given = {
  session: optional(
    Type.String({ minLength: 1, description: 'An id, a name (the newest of that name) or "last", the newest: that when absent.' }),
  ),
  seq: Type.Integer({ minimum: 1, description: 'The number of an exchange in its session, as list_exchanges gives it.' }),
  where: optional(
    Type.String({
      description:
        'A query: terms field:value with white space between (AND), OR, NOT, parentheses. Fields: host, method, path, url, status (5xx, 400..499), type (json, html, image), dur>1s, size>1mb, error:*, req.header.NAME, resp.header.NAME, req.body~text, resp.json.a.b, kind, state, tag. A bare word is looked for in the URL. explain_query says whether one is right.',
    }),
  ),
  redact: optional(
    Type.String({
      description:
        'What is hidden of the answer: standard (credentials), strict (all that could be of a user), off. It may not hide less than the server was started with.',
    }),
  ),
}

/** A whole number with its bounds in the schema. */
export const count = (maximum: number, standard: number, description: string) =>
  optional(Type.Integer({ minimum: 1, maximum, default: standard, description }))
