/** SESSION on the command line: `last`, an id, or a name (the newest of that name). */
import type { Client } from '../../sdk/client.ts'
import { WeirError } from '../../sdk/errors.ts'
import type { Session } from '../../sdk/model.ts'
import { standingName } from '../../sdk/session-settings.ts'
import { CommandFailed } from './exit.ts'
import { printable } from './printable.ts'

const newest = (sessions: readonly Session[]): Session | undefined =>
  sessions.reduce<Session | undefined>((best, session) => (best && best.startedAt > session.startedAt ? best : session), undefined)

/** `last` is the newest that somebody began: the standing one only where there is no other. @param sessions oldest first */
export function findSession(sessions: readonly Session[], word: string): Session | undefined {
  if (word === 'last') return newest(sessions.filter(({ name }) => name !== standingName)) ?? newest(sessions)
  return sessions.find(({ id }) => id === word) ?? newest(sessions.filter(({ name }) => name === word))
}

export async function listSessions(client: Client): Promise<Session[]> {
  return (await client.call('session/list', {})).items
}

const noneYet = 'there is no session yet; start one with: weir capture'

export function noSuchSession(sessions: readonly Session[], word: string): CommandFailed {
  if (sessions.length === 0) return new CommandFailed(noneYet)
  return new CommandFailed(`there is no session ${JSON.stringify(word)}; weir sessions lists them, and last is the newest`)
}

/** Rejects with a sentence that says how to find one. */
export async function resolveSession(client: Client, word: string): Promise<Session> {
  const sessions = await listSessions(client)
  const found = findSession(sessions, word)
  if (!found) throw noSuchSession(sessions, word)
  return found
}

export interface SessionAndQuery {
  session: Session
  /** Empty: everything. */
  where: string
  /** The word that was taken for the beginning of a query because no session is called that. */
  notASession?: string
}

/** `[SESSION] [QUERY]`: a first word that is no session begins a query on `last`. */
export async function resolveSessionAndQuery(client: Client, words: readonly string[]): Promise<SessionAndQuery> {
  const sessions = await listSessions(client)
  const [first = 'last', ...rest] = words
  const named = findSession(sessions, first)
  if (named) return { session: named, where: rest.join(' ') }
  const last = findSession(sessions, 'last')
  if (!last) throw new CommandFailed(noneYet)
  return { session: last, where: words.join(' '), notASession: first }
}

/** Whether somebody may have meant a session by it: it says nothing that only a query can say. */
export const looksLikeSession = (word: string): boolean => /^[\w.@-]+$/.test(word)

const isNoSession = (word: string): string => `there is no session ${printable(JSON.stringify(word))} (weir sessions lists them)`

/** A mistyped session may also be a query that nothing matches. */
export const nothingMatched = (word: string): string => `nothing matched: ${isNoSession(word)}, so this was a query on last`

/** The same before anything could match. */
export const takenForQuery = (word: string): string => `${isNoSession(word)}, so this is a query on last`

/** A mistyped session looks like a query: when that is refused, both are said. */
export function explainQuery(error: unknown, { notASession }: SessionAndQuery): unknown {
  if (notASession === undefined || !(error instanceof WeirError)) return error
  const message = `${isNoSession(notASession)}, and as a query on last: ${error.message}`
  return new WeirError(error.code, error.reason, message, error.data)
}
