/** What session/overview says of some exchanges. */
import { nullable, open, type Static, Type } from './schema.ts'

const count = Type.Integer({ minimum: 0 })
export const groupCounts = {
  exchanges: count,
  failed: count,
  bytesSent: Type.Integer({ minimum: 0, description: 'Of bodies, on the wire.' }),
  bytesReceived: count,
}
const percentile = (description: string) => Type.Number({ minimum: 0, description })
/** Of some exchanges. `durationMs`: of those that have ended; null: none has. */
export const ExchangeStatistics = open({
  ...groupCounts,
  durationMs: nullable(
    open({
      p50: percentile('Half took no longer; to within 1 %, as the next two.'),
      p90: percentile('Nine of ten took no longer.'),
      p99: percentile('99 of 100 took no longer.'),
      max: percentile('The longest.'),
    }),
  ),
})
export type ExchangeStatistics = Static<typeof ExchangeStatistics>
export const OverviewGroup = open({
  key: nullable(Type.String({ description: 'null: they have none, as what had no response has no status. Cut after 500 characters.' })),
  ...ExchangeStatistics.properties,
})
export type OverviewGroup = Static<typeof OverviewGroup>
