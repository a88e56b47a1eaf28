/**
 * THE table of what methods ask of who calls. Who comes by the daemon's own socket is its user and may do everything; a token
 * (daemon/rpc/websocket/) has the rights that it was paired with.
 */
import { codes, WeirError } from '../../sdk/errors.ts'
import type { Method, Notification } from '../../sdk/protocol.ts'
import type { Right } from '../../sdk/rights.ts'

/** What a token allows; null stands for the user. */
export interface Grant {
  tokenId: string
  /** The Origin of the page or extension; null: no browser. */
  origin: string | null
  rights: ReadonlySet<Right>
}

/** `owner`: no token has it. null: asked of nobody. */
type Asked = Right | 'owner' | null

interface Need {
  right: Asked
  /** Params that ask for more, by name: for which rights. undefined: it is absent. */
  also: { readonly [param: string]: (value: unknown) => readonly Right[] }
}

const need = (right: Asked, also: Need['also'] = {}): Need => ({ right, also })

const whereGiven =
  (...rights: readonly Right[]) =>
  (value: unknown): readonly Right[] =>
    value === undefined ? [] : rights
const paths = whereGiven('paths')
const plugins = whereGiven('plugins')
const control = whereGiven('control')
const send = whereGiven('send')
/** Absent it is a listener on a free port; a session without one needs no more. */
const listener = (value: unknown): readonly Right[] => (value === null ? [] : ['control'])
/** Of a source: it may name the program, as `executable` beside it does. */
const programs = (value: unknown): readonly Right[] =>
  (value as { executable?: unknown } | null | undefined)?.executable === undefined ? [] : ['paths']
/** Jars are weir's own; other targets are files, and programs that are reached. */
const targets = (value: unknown): readonly Right[] =>
  Array.isArray(value) && value.every((target) => (target as { plugin?: unknown } | null)?.plugin === 'jar') ? [] : ['paths', 'plugins']

const needs: { readonly [M in Method]: Need } = {
  initialize: need(null),
  'rpc.discover': need(null),
  'daemon/status': need('read'),
  'daemon/stop': need('owner'),
  'websocket/start': need('owner'),
  'websocket/stop': need('owner'),
  'pairing/start': need('owner'),
  'token/list': need('owner'),
  'token/delete': need('owner'),
  'ca/get': need('read'),

  'session/start': need('capture', {
    proxy: listener,
    reverse: control,
    tls: control,
    upstream: control,
    dial: control,
    filters: plugins,
  }),
  'session/stop': need('capture'),
  'session/pause': need('capture'),
  'session/resume': need('capture'),
  'session/get': need('read'),
  'session/list': need('read'),
  'session/overview': need('read'),
  'session/set': need('control', { filters: plugins }),
  'session/delete': need('control'),

  'exchange/list': need('read'),
  'exchange/search': need('read'),
  'exchange/subscribe': need('read'),
  'exchange/unsubscribe': need('read'),
  'exchange/wait': need('read'),
  'exchange/count': need('read'),
  'exchange/get': need('read'),
  'exchange/readBody': need('read'),
  'exchange/readText': need('read'),
  'exchange/readForm': need('read'),
  'exchange/readMessages': need('read'),
  'exchange/set': need('control'),
  'exchange/delete': need('control'),
  'exchange/replay': need('send'),
  'request/send': need('send'),

  'query/explain': need('read'),
  'query/sql': need('export'),
  'plugin/list': need('read'),
  'exporter/list': need('read'),
  'exporter/run': need('export', { out: paths, to: send }),
  'importer/run': need('paths'),

  'source/start': need('feed', {
    kind: (kind) => (kind === 'extension' ? [] : ['plugins']),
    executable: paths,
    config: programs,
  }),
  'source/feed': need('feed'),
  'source/answer': need('feed'),
  'source/list': need('read'),
  'source/stop': need('capture'),

  'cookie/list': need('read'),
  'jar/list': need('read'),
  'jar/get': need('read'),
  'jar/set': need('control'),
  'jar/delete': need('control'),
  'jar/clear': need('control'),
  'jar/import': need('control', { path: paths }),
  'jar/export': need('export', { out: paths }),
  'sync/list': need('read'),
  'sync/set': need('control', { targets }),
  'sync/delete': need('control'),
  'sync/run': need('control'),
}

const notificationNeeds: { readonly [N in Notification]: Asked } = {
  'session/didChange': 'read',
  'session/didDelete': 'read',
  'exchange/didChange': null,
  'plugin/didFail': 'read',
  'source/didEnd': 'read',
  // Cookies come with it.
  'source/ask': 'read',
  'pairing/didEnd': 'owner',
  'daemon/willStop': null,
  '$/progress': null,
}

const has = (grant: Grant | null, asked: Asked): boolean =>
  grant === null || asked === null || (asked !== 'owner' && grant.rights.has(asked))

/** Whether some call of the method may be made: params may ask for more. */
export const mayCall = (grant: Grant | null, method: Method): boolean => has(grant, needs[method].right)

export const mayHear = (grant: Grant | null, notification: Notification): boolean => has(grant, notificationNeeds[notification])

/** @throws 1005 notAllowed, which names the first right that is missing; 'owner' is none that a token can have. */
export function refuseForbidden(grant: Grant | null, method: Method, params: unknown): void {
  if (grant === null) return
  const { right, also } = needs[method]
  if (!has(grant, right)) throw notAllowed(grant, method, right)
  for (const [param, rightsOf] of Object.entries(also)) {
    const value = (params as { [name: string]: unknown } | null | undefined)?.[param]
    const missing = rightsOf(value).find((more) => !grant.rights.has(more))
    if (missing !== undefined) throw notAllowed(grant, `${method} with ${param}`, missing)
  }
}

function notAllowed({ rights }: Grant, what: string, right: Asked): WeirError {
  const why =
    right === 'owner'
      ? "only who comes by the daemon's own socket may"
      : `its token has not the right ${right} (it has: ${[...rights].join(', ') || 'none'}); pair again with it`
  return new WeirError(codes.unavailable, 'notAllowed', `${what} is not allowed here: ${why}`, { right })
}
