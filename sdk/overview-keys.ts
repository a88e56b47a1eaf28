/** What session/overview groups by. */
export const overviewKeys = ['host', 'path', 'method', 'status', 'type', 'process'] as const
export type OverviewKey = (typeof overviewKeys)[number]
