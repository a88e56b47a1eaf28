/** Alerts of the other side of a TLS connection (RFC 8446 section 6), as OpenSSL's error codes name them. */

/** `unknown_ca`; null: the error is none of an alert. */
export function alertOf({ code = '' }: Error & { code?: string }): string | null {
  return /_ALERT_([A-Z_]+)$/.exec(code)?.[1]?.toLowerCase() ?? null
}

const aboutCertificates = new Set([
  'unknown_ca',
  'bad_certificate',
  'certificate_unknown',
  'unsupported_certificate',
  'certificate_expired',
  'certificate_revoked',
  'access_denied',
])

/** Its sender refused the certificate that it was shown. */
export const isCertificateRejection = (alert: string | null): alert is string => alert !== null && aboutCertificates.has(alert)

/** Of a client's certificate: the sender wants one, or another one. TLS 1.2 has no alert of its own for none. */
export const isClientCertificateWanted = (alert: string | null): alert is string =>
  alert === 'certificate_required' || isCertificateRejection(alert)
