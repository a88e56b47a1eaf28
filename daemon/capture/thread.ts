/** A recorder thread. */
import { parentPort, workerData } from 'node:worker_threads'
import { RunningFilter } from '../plugin/filters/running-filter.ts'
import { ThreadLink } from '../thread/link.ts'
import { Recorder } from './recorder.ts'
import type { RecorderData, RecorderEvents } from './surface.ts'

if (!parentPort) throw new Error('daemon/capture/thread.ts is the entry of a worker thread')

const events: RecorderEvents = {
  advanced: (params) => link.notify('advanced', params),
  full: (params) => link.notify('full', params),
  sent: (params) => link.notify('sent', params),
  filterFailed: (params) => link.notify('filterFailed', params),
  log: (params) => link.notify('log', params),
}
const fault = (error: unknown) =>
  events.log({ level: 'error', message: 'the recorder thread failed inside', error: String((error as Error)?.stack ?? error) })
const { running } = (workerData ?? {}) as Partial<RecorderData>
const recorder = new Recorder({ events, running: new RunningFilter(running) })
const link = new ThreadLink<RecorderEvents>(parentPort, recorder.surface(), fault)
