/** Why an origin could not be reached, as the exchange will say. */
import type { Failure, FailureReason } from '../../sdk/model.ts'
import { alertOf, isClientCertificateWanted } from './tls-alert.ts'

export class OriginFailure extends Error {
  readonly failure: Failure

  constructor(reason: FailureReason, message: string) {
    super(message)
    this.name = 'OriginFailure'
    this.failure = { reason, message }
  }
}

type Coded = Error & { code?: string; errors?: Coded[] }

const connectReasons: Record<string, FailureReason> = {
  ENOTFOUND: 'dnsNotFound',
  EAI_AGAIN: 'dnsNotFound',
  EAI_NODATA: 'dnsNotFound',
  ENODATA: 'dnsNotFound',
  ECONNREFUSED: 'connectionRefused',
  ETIMEDOUT: 'connectTimeout',
  ECONNRESET: 'upstreamReset',
  ERR_IP_BLOCKED: 'destinationRefused',
}

const connectMessages: Partial<Record<FailureReason, string>> = {
  dnsNotFound: 'the name cannot be found: check its spelling and the DNS server of this machine',
  connectionRefused: 'nothing listens there: the connection was refused',
  connectTimeout: 'it did not answer in time',
  upstreamReset: 'it reset the connection',
  destinationRefused: 'private and local destinations are refused on a listener beyond loopback',
}

/** Of an error while connecting (TCP). @param where the destination, `host:port` */
export function connectFailure(error: Coded, where: string): OriginFailure {
  if (error instanceof OriginFailure) return error
  const code = error.code ?? error.errors?.[0]?.code ?? ''
  const reason = connectReasons[code] ?? 'connectFailed'
  return new OriginFailure(reason, `${where}: ${connectMessages[reason] ?? `it cannot be reached (${code || 'unknown error'})`}`)
}

/** OpenSSL's X509_V_ERR names, and Node's own for a name that does not match. */
const isUntrusted = (code: string): boolean =>
  /^(UNABLE_TO_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH|PATH_LENGTH_|CRL_|ERROR_IN_CERT|ERR_TLS_CERT_)/.test(
    code,
  )

/** Of an error while shaking hands (TLS). */
export function handshakeFailure(error: Coded, where: string): OriginFailure {
  if (error instanceof OriginFailure) return error
  const code = error.code ?? ''
  if (code === 'ECONNRESET' || code === 'EPIPE') {
    return new OriginFailure('upstreamReset', `${where}: it closed the connection during the TLS handshake`)
  }
  if (code === 'ETIMEDOUT') return new OriginFailure('connectTimeout', `${where}: it did not finish the TLS handshake in time`)
  if (isUntrusted(code)) return untrusted(code, where)
  const wanted = clientCertificateWanted(error, where)
  if (wanted) return wanted
  return new OriginFailure('tlsHandshakeFailed', `${where}: the TLS handshake failed (${code || error.message})`)
}

/** Of the origin's own alert, during the handshake or (TLS 1.3) after it; null: it is about something else. */
export function clientCertificateWanted(error: Coded, where: string): OriginFailure | null {
  const alert = alertOf(error)
  if (!isClientCertificateWanted(alert) && alert !== 'handshake_failure') return null
  const wish = alert === 'handshake_failure' ? 'perhaps it wants a client certificate' : 'it wants a client certificate that it accepts'
  return new OriginFailure('tlsHandshakeFailed', `${where}: ${wish} (TLS alert ${alert}); a session has them as tls.clientCertificates`)
}

const untrusted = (code: string, where: string): OriginFailure =>
  new OriginFailure(
    'tlsUntrusted',
    `${where}: its certificate is not trusted (${code}): add its CA to the session, or name the host as insecure`,
  )

/** Of an error on the way to a proxy that lies between weir and the origin. */
export function proxyFailure(error: Coded, where: string): OriginFailure {
  const { reason, message } = connectFailure(error, where).failure
  if (reason === 'tlsUntrusted' || reason === 'tlsHandshakeFailed' || reason === 'loopRefused') return new OriginFailure(reason, message)
  return new OriginFailure(reason === 'connectTimeout' ? 'upstreamProxyTimeout' : 'upstreamProxyUnreachable', message)
}
