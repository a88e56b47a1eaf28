/** What every connection of the proxy thread is served with. */
import type { HeaderBlocks } from '../capture/decoders/header-block.ts'
import type { Arrival } from './arrival.ts'
import type { ClientProcesses } from './client-processes.ts'
import type { CopyQueue } from './copy-queue.ts'
import type { Fingerprints } from './hello-fingerprint.ts'
import type { LeafCertificates } from './leaf-certificates.ts'
import type { CaInfo, ProxyLimits } from './surface.ts'
import type { Upstream } from './upstream.ts'

export interface Services {
  limits: ProxyLimits
  queue: CopyQueue
  upstream: Upstream
  leaves: LeafCertificates
  /** What signs them: the certificate, never the key. */
  ca: CaInfo
  fingerprints: Fingerprints
  /** Header blocks the forwarder's decoders have seen. */
  blocks: HeaderBlocks
  /** null: nobody wants to know. */
  clientProcesses: ClientProcesses | null
  /** Hears of what should not happen. */
  fault: (error: unknown) => void
}

/** Work on one connection: should it fail inside, it takes that connection with it and nothing else. */
export function undertake(services: Services, arrival: Arrival, work: Promise<void>): void {
  work.catch((error: unknown) => {
    services.fault(error)
    arrival.stream.destroy()
    arrival.copy.close({ by: 'weir', reset: true })
  })
}
