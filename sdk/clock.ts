/** Clocks: how far somebody has followed a session. */

/**
 * `c:<session>:<change>`, or `c:<session>:<change>:<deletions>`; opaque to clients. Whoever reads a session from its start knows of
 * the deletions before that, however far it has come in the exchanges.
 */
export const formatClock = (sessionId: string, change: number, deletions = change): string =>
  deletions > change ? `c:${sessionId}:${change}:${deletions}` : `c:${sessionId}:${change}`

/** Whether it is a clock of any session, or 'start'. */
export const isClock = (text: string): boolean => text === 'start' || /^c:[^:]+:\d{1,15}(:\d{1,15})?$/.test(text)

/** The change up to which the bearer of a clock knows of deletions. */
export const deletionsKnown = (clock: string): number => Number(/\d+$/.exec(clock)?.[0] ?? 0)

/** The change a clock of this session stands at; null for a foreign or malformed one. 'start' is 0. */
export function parseClock(clock: string, sessionId: string): number | null {
  if (clock === 'start') return 0
  const match = /^c:([^:]+):(\d{1,15})(?::\d{1,15})?$/.exec(clock)
  return match?.[1] === sessionId ? Number(match[2]) : null
}
