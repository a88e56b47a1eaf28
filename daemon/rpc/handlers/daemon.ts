/** initialize, rpc.discover, daemon/* */
import { codes, WeirError } from '../../../sdk/errors.ts'
import { features, type Method, type Result, requests } from '../../../sdk/protocol.ts'
import { protocolVersion } from '../../../sdk/protocol-version.ts'
import type { Handlers } from '../call.ts'
import { openRpcDocument } from '../open-rpc.ts'
import { type Grant, mayCall } from '../rights.ts'

/** What the handlers know of the daemon as a whole. */
export interface DaemonControl {
  version: string
  status(): Promise<Result<'daemon/status'>>
  /** Resolves when everything is on disk; the process ends right after. */
  stop(): Promise<void>
}

type Methods = 'initialize' | 'rpc.discover' | 'daemon/status' | 'daemon/stop'

/** What this client may call, and the feature words. */
const capabilitiesOf = (grant: Grant | null): string[] => [
  ...(Object.keys(requests) as Method[]).filter((method) => mayCall(grant, method)),
  ...features,
]

export const daemonHandlers = (daemon: DaemonControl): Pick<Handlers, Methods> => ({
  initialize: ({ requires = [] }, { client }) => {
    const capabilities = capabilitiesOf(client.grant)
    const missing = requires.filter((capability) => !capabilities.includes(capability))
    if (missing.length > 0) throw missingCapability(missing)
    return {
      daemon: { name: 'weir', version: daemon.version, pid: process.pid },
      protocol: protocolVersion,
      capabilities,
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
