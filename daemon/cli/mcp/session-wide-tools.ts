/** Looking over a whole session: groups, texts, other formats; and what a query means. */
import { overviewKeys } from '../../../sdk/overview-keys.ts'
import { closed, Type, words } from '../../../sdk/schema.ts'
import { resolveSession } from '../session-argument.ts'
import { thatFit } from './budget.ts'
import { count, given, tool } from './tool.ts'

const optional = Type.Optional
const texts = ['url', 'request.headers', 'request.body', 'response.headers', 'response.body', 'messages'] as const

export const sessionWideTools = [
  tool({
    name: 'overview',
    description:
      'The exchanges of a session, or those that match, in groups: how many, how many failed, bytes, latency percentiles (ms). The largest first.',
    input: closed({
      session: given.session,
      by: optional(words(...overviewKeys)),
      where: given.where,
      limit: count(200, 30, 'Groups at most.'),
      redact: given.redact,
    }),
    async run({ session = 'last', by = 'host', redact, ...wanted }, { client, signal, redact: hide }) {
      const { id, name } = await resolveSession(client, session)
      const found = await client.call('session/overview', { ...wanted, by, sessionId: id, redact: hide(redact) }, { signal })
      return { facts: { session: name, by, ...found } }
    },
  }),
  tool({
    name: 'search',
    description:
      'Finds a text in URLs, headers, bodies and messages, newest exchange first, with what stands around it. When more is true, ask again with the `next` of the answer as `before`. What is hidden is not found.',
    input: closed({
      session: given.session,
      text: Type.String({ minLength: 1, maxLength: 10_000 }),
      caseSensitive: optional(Type.Boolean()),
      parts: optional(Type.Array(words(...texts), { minItems: 1, description: 'Where to look; everywhere when absent.' })),
      before: optional(Type.Integer({ minimum: 1, description: 'Only seqs before this one.' })),
      limit: count(200, 20, 'Exchanges at most.'),
      redact: given.redact,
    }),
    async run({ session = 'last', redact, ...wanted }, { client, signal, budget, redact: hide }) {
      const { id } = await resolveSession(client, session)
      const page = await client.call('exchange/search', { ...wanted, sessionId: id, redact: hide(redact) }, { signal })
      const hits = thatFit(page.items, budget - 500)
      const left = hits.length < page.items.length
      const next = left ? hits.at(-1)?.seq : page.next
      return { facts: { hits, more: page.more || left, ...(next !== undefined && { next }) } }
    },
  }),
  tool({
    name: 'export_session',
    description:
      'A session, or what matches, as text in another format: curl, har, openapi, http, snippet, postman, msw, k6, ... (list_exporters names all). isEnd false: there is more, ask again with the `next` of the answer as `offset`. Large exports belong into files: weir export SESSION FORMAT -o FILE.',
    input: closed({
      session: given.session,
      exporter: Type.String({ minLength: 1 }),
      where: given.where,
      options: optional(Type.Record(Type.String(), Type.Unknown(), { description: 'Of the exporter, as list_exporters describes them.' })),
      offset: optional(Type.Integer({ minimum: 0, default: 0, description: 'Characters of the text.' })),
      redact: given.redact,
    }),
    async run({ session = 'last', offset = 0, redact, ...wanted }, { client, signal, budget, redact: hide }) {
      const { id } = await resolveSession(client, session)
      const {
        text = '',
        exchanges,
        redacted,
      } = await client.call('exporter/run', { ...wanted, sessionId: id, redact: hide(redact) }, { signal })
      const shown = text.slice(offset, offset + Math.max(1, budget - 500))
      const next = offset + shown.length
      return {
        facts: { exchanges, characters: text.length, offset, next, isEnd: next >= text.length, ...(redacted && { redacted }) },
        text: shown,
      }
    },
  }),
  tool({
    name: 'list_exporters',
    description: 'The formats that export_session can write, and their options.',
    input: closed({ name: optional(Type.String({ description: 'Only this one, with the JSON Schema of its options.' })) }),
    async run({ name }, { client, signal }) {
      const { items } = await client.call('exporter/list', {}, { signal })
      const found =
        name === undefined ? items.map(({ name, description }) => ({ name, description })) : items.filter((item) => item.name === name)
      return { facts: { exporters: found } }
    },
  }),
  tool({
    name: 'explain_query',
    description: 'Whether a query is right, and how it is understood; what is wrong with it, otherwise, with the fields that there are.',
    input: closed({ where: Type.String() }),
    async run({ where }, { client, signal }) {
      const { text, ast } = await client.call('query/explain', { where }, { signal })
      return { facts: { text, ast } }
    },
  }),
]
