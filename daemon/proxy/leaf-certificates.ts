/** Secure contexts for the names that clients ask for, each made once and kept while it is used and valid. */
import { createSecureContext, type SecureContext } from 'node:tls'
import { LRUCache } from 'lru-cache'
import type { Authority } from './authority.ts'
import { generateKeys, type Keys } from './keys.ts'
import type { LeafIssuer } from './x509.ts'

const hour = 3_600_000

export class LeafCertificates {
  #authority: Authority
  #leafKeys: Keys
  #issuer: Promise<LeafIssuer> | null = null
  #contexts: LRUCache<string, Promise<SecureContext>>

  /** @param max contexts kept; each takes some 57 KB */
  constructor(authority: Authority, leafKeys: Keys, max = 1000) {
    this.#authority = authority
    this.#leafKeys = leafKeys
    this.#contexts = new LRUCache({ max })
  }

  static async create(authority: Authority, max?: number): Promise<LeafCertificates> {
    return new LeafCertificates(authority, await generateKeys(), max)
  }

  /** For a DNS name or an IP address. The leaf's chain ends with the CA, so that who trusts its key alone can build it. */
  contextFor(name: string): Promise<SecureContext> {
    const key = name.toLowerCase()
    let context = this.#contexts.get(key)
    if (!context) {
      context = this.#make(key)
      this.#contexts.set(key, context)
    }
    return context
  }

  async #loadIssuer(): Promise<LeafIssuer> {
    const { leafIssuer } = await import('./x509.ts')
    return leafIssuer(this.#authority.info.certificate, this.#authority.keys, this.#leafKeys)
  }

  /** The same with a second name, for one connection; it is nobody else's, so no TLS session of another is resumed in it. */
  async taggedContextFor(name: string, tag: string): Promise<SecureContext> {
    return (await this.#issue(name.toLowerCase(), tag)).context
  }

  async #issue(name: string, tag?: string): Promise<{ context: SecureContext; validTo: number }> {
    this.#issuer ??= this.#loadIssuer()
    const { certificate, validTo } = await (await this.#issuer).issue(name, tag)
    const context = createSecureContext({ key: this.#leafKeys.pem, cert: certificate + this.#authority.info.certificate })
    return { context, validTo }
  }

  async #make(name: string): Promise<SecureContext> {
    try {
      const { context, validTo } = await this.#issue(name)
      // Renewed by being forgotten in good time.
      const made = this.#contexts.get(name)
      if (made) this.#contexts.set(name, made, { ttl: Math.max(validTo - Date.now() - hour, 60_000) })
      return context
    } catch (error) {
      this.#contexts.delete(name)
      throw error
    }
  }
}
