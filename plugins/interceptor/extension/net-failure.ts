/** The browser's words for a failure (Chromium: net::ERR_..., Firefox: NS_ERROR_...) in weir's (sdk/model.ts, failureReasons). */

const reasons: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [/NAME_NOT_RESOLVED|NAME_RESOLUTION_FAILED|UNKNOWN_HOST/, 'dnsNotFound'],
  [/CONNECTION_REFUSED/, 'connectionRefused'],
  [/CONNECTION_TIMED_OUT|NET_TIMEOUT/, 'connectTimeout'],
  [/PROXY_CONNECTION_FAILED|UNKNOWN_PROXY_HOST/, 'upstreamProxyUnreachable'],
  [/PROXY_AUTH/, 'upstreamProxyAuthRequired'],
  [/TUNNEL_CONNECTION_FAILED|PROXY_/, 'upstreamProxyRefused'],
  [/CONNECTION_RESET|NET_RESET/, 'upstreamReset'],
  [/ERR_CERT_|SEC_ERROR|MOZILLA_PKIX/, 'tlsUntrusted'],
  [/ERR_SSL_|SSL_ERROR|BAD_SSL/, 'tlsHandshakeFailed'],
  [/TIMED_OUT/, 'upstreamTimeout'],
  [/ABORTED|BINDING_ABORTED|BLOCKED/, 'clientAborted'],
  [/ADDRESS_|INTERNET_DISCONNECTED|NETWORK_CHANGED|CONNECTION_FAILED|OFFLINE/, 'connectFailed'],
]

export const failureOf = (error: string): { reason: string; message: string } => ({
  reason: reasons.find(([pattern]) => pattern.test(error))?.[1] ?? 'upstreamClosed',
  message: error,
})
