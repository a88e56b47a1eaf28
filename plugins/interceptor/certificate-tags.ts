/** What the certificate of a connection says of it: the session's proxy puts the port of each connection into its leaf, where a browser has no other way to tell it. */

import type { SourceRun } from '../../sdk/plugin.ts'
import type { SourceEvent } from '../../sdk/source.ts'
import type { Protocol } from './cdp/protocol.ts'

/** So many that one is not told twice. */
const mostKnown = 10_000

export class CertificateTags {
  readonly #pattern: RegExp
  readonly #tell: (event: SourceEvent) => void
  readonly #known = new Set<number>()

  constructor({ tagDomain }: Pick<SourceRun, 'tagDomain'>, tell: (event: SourceEvent) => void) {
    this.#pattern = new RegExp(`^p(\\d{1,5})\\.${tagDomain.replaceAll('.', '\\.')}$`)
    this.#tell = tell
  }

  read({ connectionId, securityDetails, fromDiskCache, fromPrefetchCache, fromServiceWorker }: Protocol.Network.Response): void {
    // A cache repeats the certificate of the connection that it was filled from.
    if (!securityDetails || connectionId === 0 || fromDiskCache || fromPrefetchCache || fromServiceWorker) return
    if (this.#known.has(connectionId)) return
    for (const name of securityDetails.sanList) {
      const port = this.#pattern.exec(name)?.[1]
      if (port === undefined) continue
      if (this.#known.size >= mostKnown) this.#known.clear()
      this.#known.add(connectionId)
      this.#tell({ kind: 'connection', connection: connectionId, port: Number(port) })
      return
    }
  }
}
