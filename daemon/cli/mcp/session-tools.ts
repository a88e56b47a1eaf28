/** Sessions: which there are, starting and stopping one. */
import { proxyUrl } from '../../../sdk/authority.ts'
import { commandEnvironment } from '../../../sdk/command-environment.ts'
import type { Session } from '../../../sdk/model.ts'
import { closed, Type, words } from '../../../sdk/schema.ts'
import { listSessions, resolveSession } from '../session-argument.ts'
import { count, given, tool } from './tool.ts'

const described = ({ id, name, state, startedAt, stoppedAt, proxy, where, counts }: Session): object => ({
  id,
  name,
  state,
  startedAt: new Date(startedAt).toISOString(),
  ...(stoppedAt !== undefined && { stoppedAt: new Date(stoppedAt).toISOString() }),
  ...(proxy && { proxy: proxyUrl(proxy) }),
  ...(where && { where }),
  counts,
})

export const sessionTools = [
  tool({
    name: 'list_sessions',
    description: 'The sessions in which traffic was captured, the newest first.',
    input: closed({
      state: Type.Optional(words('running', 'paused', 'stopped')),
      limit: count(200, 20, 'Sessions at most.'),
    }),
    async run({ state, limit = 20 }, { client }) {
      const all = (await listSessions(client)).filter((session) => state === undefined || session.state === state).reverse()
      return { facts: { sessions: all.slice(0, limit).map(described), total: all.length } }
    },
  }),
  tool({
    name: 'start_session',
    description:
      'Begins to capture on a proxy port of its own. Run programs with the environment that is answered, and what they send is on record. The clock that is answered can be given as since to wait_for_exchange.',
    input: closed({
      name: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
      where: given.where,
    }),
    changes: true,
    async run(settings, { client, signal }) {
      const session = await client.call('session/start', { ...settings, proxy: { port: 0 } }, { signal })
      const { path } = await client.call('ca/get', {}, { signal })
      const { clock } = await client.call('exchange/list', { sessionId: session.id, limit: 1 }, { signal })
      const environment = session.proxy && commandEnvironment({}, proxyUrl(session.proxy), { bundle: path, extra: path })
      return { facts: { session: described(session), clock, certificate: path, environment } }
    },
  }),
  tool({
    name: 'stop_session',
    description: 'Ends the capture of a session; what was recorded stays.',
    input: closed({ session: Type.String({ minLength: 1, description: 'An id, a name or "last".' }) }),
    changes: true,
    async run({ session }, { client, signal }) {
      const { id } = await resolveSession(client, session)
      return { facts: { session: described(await client.call('session/stop', { sessionId: id }, { signal })) } }
    },
  }),
]
