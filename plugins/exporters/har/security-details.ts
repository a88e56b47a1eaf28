/** TLS as Chromium and Playwright write it: times in seconds. */
import type { Tls } from '../../../sdk/model.ts'

/** What the exchanges of a connection share is written out once. */
export class SecurityDetails {
  readonly #known = new WeakMap<Tls, string>()

  json(tls: Tls): string {
    let text = this.#known.get(tls)
    if (text === undefined) {
      text = JSON.stringify(securityDetails(tls))
      this.#known.set(tls, text)
    }
    return text
  }
}

function securityDetails({ version, cipher, certificate }: Tls): object {
  const protocol = version.replace(/^TLSv/, 'TLS ')
  if (!certificate) return { protocol, _cipher: cipher }
  return {
    protocol,
    subjectName: commonName(certificate.subject),
    issuer: commonName(certificate.issuer),
    validFrom: Math.floor(certificate.validFrom / 1000),
    validTo: Math.floor(certificate.validTo / 1000),
    _cipher: cipher,
  }
}

/** The CN of a distinguished name, else all of it. */
const commonName = (name: string) => /(?:^|[\n,/+])\s*CN=((?:\\.|[^\n,/+])+)/.exec(name)?.[1]?.trim() ?? name
