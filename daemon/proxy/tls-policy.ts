/** A session's TLS settings, ready for use: which origins are not decrypted, which not verified, and whom it trusts. */
import { X509Certificate } from 'node:crypto'
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls'
import { LRUCache } from 'lru-cache'
import { codes, WeirError } from '../../sdk/errors.ts'
import type { TlsSettings } from '../../sdk/protocol.ts'
import { HostPatterns } from './host-patterns.ts'

/** Certificates that origins are verified against. Equal `id`: equal trust. */
export interface Trust {
  id: string
  context: SecureContext
}

export interface TlsPolicy {
  bypass: HostPatterns
  insecure: HostPatterns
  /** Made at first use: parsing all roots takes some ten milliseconds. */
  trust(): Trust
}

const certificates = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

export class TlsPolicies {
  #extraCa: string
  #trusts = new LRUCache<string, Trust>({ max: 32 })
  #made = 0

  /** @param extraCa PEM of roots that every session trusts beside the system's and the bundled ones */
  constructor(extraCa: string) {
    this.#extraCa = extraCa
  }

  /** -32602 invalidCertificate when `ca` holds no readable certificate. */
  policy(settings: TlsSettings): TlsPolicy {
    const ca = settings.ca ?? ''
    if (ca !== '') this.#trust(ca)
    return {
      bypass: new HostPatterns(settings.bypass ?? []),
      insecure: new HostPatterns(settings.insecure ?? []),
      trust: () => this.#trust(ca),
    }
  }

  #trust(ca: string): Trust {
    let trust = this.#trusts.get(ca)
    if (!trust) {
      this.#made += 1
      trust = { id: String(this.#made), context: this.#context(ca) }
      this.#trusts.set(ca, trust)
    }
    return trust
  }

  #context(ca: string): SecureContext {
    const own = ca.match(certificates) ?? []
    if (ca !== '' && own.length === 0) throw invalid('tls.ca holds no PEM certificate')
    if (!own.every(isReadable)) throw invalid('tls.ca holds a certificate that cannot be read')
    const roots = new Set([
      ...getCACertificates('bundled'),
      ...getCACertificates('system'),
      ...(this.#extraCa.match(certificates) ?? []),
      ...own,
    ])
    return createSecureContext({ ca: [...roots] })
  }
}

const invalid = (message: string) => new WeirError(codes.invalidParams, 'invalidCertificate', message)

function isReadable(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0
  } catch {
    return false
  }
}
