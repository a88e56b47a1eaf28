/** What an exchange tells of the TLS connection to its origin. */
import type { TLSSocket } from 'node:tls'
import type { Tls } from '../../sdk/model.ts'

export type CertificateFacts = NonNullable<Tls['certificate']>

const oneLine = (name: string | undefined): string => (name ?? '').split('\n').join(', ')

/** Of the certificate that the origin showed; undefined when there is none to see. */
export function certificateFacts(socket: TLSSocket): CertificateFacts | undefined {
  const certificate = socket.getPeerX509Certificate()
  if (!certificate) return undefined
  return {
    subject: oneLine(certificate.subject),
    issuer: oneLine(certificate.issuer),
    validFrom: Date.parse(certificate.validFrom),
    validTo: Date.parse(certificate.validTo),
    fingerprint256: certificate.fingerprint256,
  }
}

export function tlsFacts(socket: TLSSocket, sni: string | null, certificate: CertificateFacts | undefined): Tls {
  return {
    version: socket.getProtocol() ?? '',
    cipher: socket.getCipher().standardName,
    alpn: socket.alpnProtocol || null,
    sni,
    ...(certificate ? { certificate } : {}),
  }
}
