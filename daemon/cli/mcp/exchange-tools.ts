/** Exchanges: lists, one, waiting for one. */
import { closed, Type, words } from '../../../sdk/schema.ts'
import { resolveSession } from '../session-argument.ts'
import { thatFit } from './budget.ts'
import { exchangeLine } from './exchange-line.ts'
import { count, given, tool } from './tool.ts'

const optional = Type.Optional

/** How much of the budget a list may take: what stands around it is short. */
const forItems = (budget: number): number => budget - 500

export const exchangeTools = [
  tool({
    name: 'list_exchanges',
    description:
      'Exchanges (a request and its response) of a session, the newest first, or those that match a query. When more is true, ask again with the `next` of the answer as `before` (order desc) or `after` (order asc).',
    input: closed({
      session: given.session,
      where: given.where,
      order: optional(words('desc', 'asc')),
      before: optional(Type.Integer({ minimum: 1, description: 'Only seqs before this one.' })),
      after: optional(Type.Integer({ minimum: 0, description: 'Only seqs after this one.' })),
      limit: count(500, 50, 'Exchanges at most.'),
      redact: given.redact,
    }),
    async run({ session = 'last', redact, order = 'desc', ...wanted }, { client, signal, budget, redact: hide }) {
      const { id, name } = await resolveSession(client, session)
      const page = await client.call('exchange/list', { ...wanted, order, sessionId: id, redact: hide(redact) }, { signal })
      const lines = page.items.map(exchangeLine) as { seq: number }[]
      const shown = thatFit(lines, forItems(budget))
      const more = page.more || shown.length < lines.length
      return { facts: { session: name, exchanges: shown, more, ...(more && { next: shown.at(-1)?.seq }), clock: page.clock } }
    },
  }),
  tool({
    name: 'count_exchanges',
    description: 'How many exchanges a session has, or match a query.',
    input: closed({ session: given.session, where: given.where }),
    async run({ session = 'last', where = '' }, { client, signal }) {
      const { id } = await resolveSession(client, session)
      return { facts: await client.call('exchange/count', { sessionId: id, where }, { signal }) }
    },
  }),
  tool({
    name: 'get_exchange',
    description:
      'All of one exchange but its bodies: request and response heads, timings, TLS, error. Long texts are shortened; read_body reads bodies.',
    input: closed({ session: given.session, seq: given.seq, redact: given.redact }),
    async run({ session = 'last', seq, redact }, { client, signal, redact: hide }) {
      const { id } = await resolveSession(client, session)
      return { facts: await client.call('exchange/get', { sessionId: id, seq, redact: hide(redact) }, { signal }) }
    },
  }),
  tool({
    name: 'wait_for_exchange',
    description:
      'Waits for the first exchange that matches, and counts those that are on record already unless since is given. exchange is null when none came in time: ask again, or look with list_exchanges at what came instead.',
    input: closed({
      session: given.session,
      where: Type.String({ description: 'A query, as for list_exchanges. Add state:complete to wait for its end.' }),
      timeoutMs: count(60_000, 10_000, 'Milliseconds, one minute at most.'),
      since: optional(Type.String({ description: 'A clock of an earlier answer: only what changed after it counts.' })),
      redact: given.redact,
    }),
    async run({ session = 'last', where, timeoutMs = 10_000, since, redact }, { client, signal, redact: hide }) {
      const { id } = await resolveSession(client, session)
      const params = { sessionId: id, where, timeoutMs, redact: hide(redact), ...(since !== undefined && { since }) }
      const { item } = await client.call('exchange/wait', params, { signal })
      return { facts: { exchange: item && exchangeLine(item) } }
    },
  }),
]
