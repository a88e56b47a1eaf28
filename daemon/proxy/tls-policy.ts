/** A session's TLS settings, ready for use: which origins are not decrypted, which not verified, whom it trusts and as whom it comes. */
import { createHash, X509Certificate } from 'node:crypto'
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls'
import { LRUCache } from 'lru-cache'
import { codes, WeirError } from '../../sdk/errors.ts'
import type { TlsSettings } from '../../sdk/session-settings.ts'
import { type ReadyCertificate, readClientCertificate } from './client-certificates.ts'
import { HostPatterns, HostRules } from './host-patterns.ts'

/** What a connection is verified against and authenticates itself with. Equal `id`: the same. */
export interface TlsContext {
  id: string
  secureContext: SecureContext
}

export interface TlsPolicy {
  bypass: HostPatterns
  autoBypass: boolean
  insecure: HostPatterns
  /**
   * For the origin whose certificate must bear this name: a client certificate is not for whom a connection merely leads to. Made at
   * first use: parsing all roots takes some ten milliseconds.
   */
  contextFor(name: string, port: number): TlsContext
}

/** PEM certificates beside the system's. */
interface ExtraRoots {
  id: string
  certificates: readonly string[]
}

const certificates = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

export class TlsPolicies {
  #extraCa: string
  #contexts = new LRUCache<string, TlsContext>({ max: 32 })

  /** @param extraCa PEM of roots that every session trusts beside the system's and the bundled ones */
  constructor(extraCa: string) {
    this.#extraCa = extraCa
  }

  /** -32602: invalidCertificate, invalidClientCertificate. */
  policy({ bypass = [], autoBypass = false, insecure = [], ca = '', trust = [], clientCertificates = [] }: TlsSettings): TlsPolicy {
    const everywhere = ca === '' ? [] : [readRoots(ca, 'tls.ca', '/tls/ca')]
    const roots = new HostRules(
      trust.map(({ match, ca }, index) => ({ match, value: readRoots(ca, `tls.trust[${index}].ca`, `/tls/trust/${index}/ca`) })),
    )
    const shown = new HostRules(
      clientCertificates.map((given, index) => ({ match: given.match, value: readClientCertificate(given, index) })),
    )
    return {
      bypass: new HostPatterns(bypass),
      autoBypass,
      insecure: new HostPatterns(insecure),
      contextFor: (name, port) => this.#context([...everywhere, ...roots.all(name, port)], shown.first(name, port)),
    }
  }

  #context(extra: readonly ExtraRoots[], shown: ReadyCertificate | undefined): TlsContext {
    const id = [...extra, ...(shown ? [shown] : [])].map((part) => part.id).join()
    let context = this.#contexts.get(id)
    if (!context) {
      context = { id, secureContext: createSecureContext({ ca: this.#roots(extra), ...shown?.options }) }
      this.#contexts.set(id, context)
    }
    return context
  }

  #roots(extra: readonly ExtraRoots[]): string[] {
    const all = new Set([
      ...getCACertificates('bundled'),
      ...getCACertificates('system'),
      ...(this.#extraCa.match(certificates) ?? []),
      ...extra.flatMap((roots) => roots.certificates),
    ])
    return [...all]
  }
}

/** -32602 invalidCertificate. @param name for the message */
function readRoots(pem: string, name: string, path: string): ExtraRoots {
  const found = pem.match(certificates) ?? []
  const message = found.length === 0 ? 'holds no PEM certificate' : 'holds a certificate that cannot be read'
  if (found.length === 0 || !found.every(isReadable)) {
    throw new WeirError(codes.invalidParams, 'invalidCertificate', `${name} ${message}`, { errors: [{ path, message }] })
  }
  return { id: createHash('sha256').update(found.join()).digest('base64'), certificates: found }
}

function isReadable(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0
  } catch {
    return false
  }
}
