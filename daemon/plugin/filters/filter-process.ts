/** The process of one user's filter in one session. It answers in the order it is asked; the end of the channel is its end. */
import { crc32 } from 'node:zlib'
import { toWire } from '../../../sdk/errors.ts'
import type { FilteredExchange } from '../../../sdk/plugin.ts'
import { endWithDaemon } from '../end-with-daemon.ts'
import { said } from '../failure.ts'
import { hookModules, takeLoadedFiles } from '../module-hooks.ts'
import type { FilterJob, FromFilter, ToFilter } from './filter-messages.ts'
import { createFilter, workOf } from './filter-run.ts'
import type { FilterWork } from './filter-step.ts'

hookModules()

const send = (message: FromFilter) => void process.send?.(message)
const sendAndExit = (message: FromFilter, code: number) => process.send?.(message, undefined, {}, () => process.exit(code))
let work: FilterWork | null = null

async function start(job: FilterJob): Promise<void> {
  try {
    const created = await createFilter(job, (log) => send({ log }))
    if ('invalid' in created) {
      send(created)
      return
    }
    const { name, onError, filter, stop } = created
    if (!('where' in filter)) work = workOf(filter, stop)
    send({ ready: { name, onError, where: 'where' in filter ? filter.where : null, files: takeLoadedFiles() } })
  } catch (error) {
    send({ failure: toWire(error) })
  }
}

function answer(given: FilteredExchange): void {
  const { seq } = given
  const before = mark(given)
  try {
    const exchange = work?.apply(given) ?? null
    if (exchange instanceof Promise) return
    send(exchange !== null && mark(exchange) === before ? { answer: seq, same: true } : { answer: seq, exchange })
  } catch (error) {
    send({ answer: seq, failure: said(error) })
  }
}

/** The same for exchanges of which nothing that counts is different. */
function mark({ request, response, error, bodies, messages }: FilteredExchange): string {
  const { method, url, headers, trailers } = request
  const received = response && [response.reason, response.headers, response.trailers, response.informational]
  const checksums = [checksum(bodies.request), checksum(bodies.response)]
  return JSON.stringify([method, url, headers, trailers, received, error?.message, checksums, messages])
}

const checksum = (bytes: Uint8Array | null) => bytes && [bytes.length, crc32(bytes)]

endWithDaemon([])
process.on('disconnect', () => process.exit(0))
// The whole process group gets a terminal's signals; the daemon alone decides when this process ends.
process.on('SIGINT', () => undefined)
process.on('uncaughtException', (error) => sendAndExit({ crashed: said(error) }, 1))
process.on('message', (message: ToFilter) => {
  if ('start' in message) void start(message.start)
  else if ('apply' in message) message.apply.forEach(answer)
  else {
    work?.dispose()
    process.exit(0)
  }
})
