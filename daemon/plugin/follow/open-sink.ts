/** The sink for the target of a followed export. */
import { formatClock } from '../../../sdk/clock.ts'
import type { ExporterManifest } from '../../../sdk/plugin.ts'
import type { FollowJob } from '../exporter-messages.ts'
import { EndpointSink } from './endpoint-sink.ts'
import { FileSink } from './file-sink.ts'
import { PipeSink } from './pipe-sink.ts'
import type { Sink } from './sink.ts'

export interface SinkSignals {
  /** Nothing is tried again any more. */
  cancelled: AbortSignal
  /** Nobody waits any longer for a slow reader or endpoint. */
  late: AbortSignal
}

export interface SinkNews {
  /** Why nothing is delivered for the moment; null: it is again. */
  trouble(words: string | null): void
  /** Something has failed between deliveries: `check` says what. */
  failed(): void
}

export function openSink(
  { target, session, since }: FollowJob,
  { name, mediaType = 'application/octet-stream' }: ExporterManifest,
  signals: SinkSignals,
  { trouble, failed }: SinkNews,
): Sink {
  if (target.kind === 'pipe') return new PipeSink(signals.late)
  if (target.kind === 'file') {
    const { clockFile, bytes } = target
    return new FileSink(clockFile, { session: session.id, exporter: name, clock: formatClock(session.id, since), bytes }, failed)
  }
  return new EndpointSink({ ...target, ...signals, mediaType, sessionId: session.id, trouble })
}
