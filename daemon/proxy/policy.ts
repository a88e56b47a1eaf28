/** A session's settings for its connections, ready for use. They are replaced as a whole: what is under way keeps the old ones. */
import { DialPolicy } from './dial-policy.ts'
import { KeyLog } from './key-log.ts'
import type { ListenerSettings } from './surface.ts'
import { TlsPolicies, type TlsPolicy } from './tls-policy.ts'
import { UpstreamRules } from './upstream-rules.ts'

export interface Policy {
  tls: TlsPolicy
  upstream: UpstreamRules
  dial: DialPolicy
  /** Where TLS secrets are written for Wireshark; null: nowhere. */
  keyLog: KeyLog | null
}

export class Policies {
  #tls: TlsPolicies

  /** @param extraCa PEM of roots that every session trusts beside the system's and the bundled ones */
  constructor(extraCa: string) {
    this.#tls = new TlsPolicies(extraCa)
  }

  /**
   * -32602: invalidCertificate, invalidClientCertificate, invalidUpstream, invalidHostOverride.
   * @param unwritten hears why TLS secrets cannot be written
   */
  policy({ tls, upstream = [], dial = {}, keyLog }: ListenerSettings, unwritten: (error: Error) => void): Policy {
    return {
      tls: this.#tls.policy(tls),
      upstream: new UpstreamRules(upstream),
      dial: new DialPolicy(dial),
      keyLog: keyLog === undefined ? null : new KeyLog(keyLog, unwritten),
    }
  }
}
