/** The proxy thread: one for all sessions. */
import { parentPort } from 'node:worker_threads'
import { ThreadLink } from '../thread/link.ts'
import { ProxyService } from './proxy-service.ts'
import type { ProxyEvents } from './surface.ts'

if (!parentPort) throw new Error('daemon/proxy/thread.ts is the entry of a worker thread')

// The socket layer writes what it cannot read to the console; a stranger's bytes do not belong there.
for (const name of ['log', 'warn', 'error'] as const) console[name] = () => undefined

const log: ProxyEvents['log'] = (params) => link.notify('log', params)
let faults = 0
/** At most one line a second: what fails once often fails with every packet. */
const fault = (error: unknown) => {
  faults += 1
  if (faults > 1) return
  log({ level: 'error', message: 'the proxy thread failed inside', error: String((error as Error)?.stack ?? error) })
  setTimeout(() => {
    if (faults > 1) log({ level: 'error', message: 'the proxy thread failed inside again', times: faults - 1 })
    faults = 0
  }, 1000).unref()
}
// A fault on one connection must not end all the others.
process.on('uncaughtException', fault)
const proxy: ProxyService = new ProxyService({
  log,
  autoBypassed: (params) => link.notify('autoBypassed', params),
  sendBody: (params) => link.call('sendBody', params),
})
const link = new ThreadLink<ProxyEvents>(parentPort, proxy.surface(), fault)
