/** initialize, rpc.discover, daemon/* */
import { codes, WeirError } from '../../../sdk/errors.ts'
import { features, protocolVersion, type Result, requests } from '../../../sdk/protocol.ts'
import type { Handlers } from '../call.ts'
import { openRpcDocument } from '../open-rpc.ts'

/** What the handlers know of the daemon as a whole. */
export interface DaemonControl {
  version: string
  status(): Promise<Result<'daemon/status'>>
  /** Resolves when everything is on disk; the process ends right after. */
  stop(): Promise<void>
}

type Methods = 'initialize' | 'rpc.discover' | 'daemon/status' | 'daemon/stop'

const capabilities: readonly string[] = [...Object.keys(requests), ...features]

export const daemonHandlers = (daemon: DaemonControl): Pick<Handlers, Methods> => ({
  initialize: ({ requires = [] }) => {
    const missing = requires.filter((capability) => !capabilities.includes(capability))
    if (missing.length > 0) throw missingCapability(missing)
    return {
      daemon: { name: 'weir', version: daemon.version, pid: process.pid },
      protocol: protocolVersion,
      capabilities: [...capabilities],
    }
  },
  'rpc.discover': () => openRpcDocument(daemon.version),
  'daemon/status': () => daemon.status(),
  'daemon/stop': async () => {
    await daemon.stop()
    return {}
  },
})

const missingCapability = (missing: string[]) =>
  new WeirError(codes.missingCapability, 'missingCapability', `this daemon cannot: ${missing.join(', ')}; update weir`, { missing })
