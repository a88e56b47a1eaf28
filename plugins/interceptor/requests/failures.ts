/** Why a request failed: the browser's word (`net::ERR_...`) as one of ours. */
import type { Failure, FailureReason } from '../../../sdk/model.ts'

/** The first that fits counts. */
const reasons: readonly [RegExp, FailureReason, string][] = [
  [/^ERR_(?:NAME_NOT_RESOLVED|NAME_RESOLUTION_FAILED|DNS_)/, 'dnsNotFound', 'its host was not found'],
  [/^ERR_CONNECTION_REFUSED$/, 'connectionRefused', 'its origin refused the connection'],
  [/^ERR_CONNECTION_TIMED_OUT$/, 'connectTimeout', 'its origin could not be reached in time'],
  [/^ERR_(?:CONNECTION_FAILED|ADDRESS_|INTERNET_DISCONNECTED|NETWORK_|UNSAFE_PORT)/, 'connectFailed', 'its origin could not be reached'],
  [/^ERR_(?:PROXY_CONNECTION_FAILED|MANDATORY_PROXY|SOCKS_)/, 'upstreamProxyUnreachable', 'the proxy could not be reached'],
  [/^ERR_(?:PROXY_AUTH|TUNNEL_CONNECTION|PROXY_)/, 'upstreamProxyRefused', 'the proxy refused it'],
  [/^ERR_(?:CERT|SSL_PINNED)/, 'tlsUntrusted', 'the browser does not trust the certificate'],
  [/^ERR_(?:SSL_|BAD_SSL|ECH_)/, 'tlsHandshakeFailed', 'the TLS handshake failed'],
  [/^ERR_(?:CONNECTION_RESET|CONNECTION_ABORTED|HTTP2_|QUIC_|SPDY_)/, 'upstreamReset', 'the connection was reset'],
  [
    /^ERR_(?:CONNECTION_CLOSED|EMPTY_RESPONSE|CONTENT_LENGTH_MISMATCH|INCOMPLETE_|SOCKET_NOT_CONNECTED)/,
    'upstreamClosed',
    'the connection was closed',
  ],
  [/^ERR_(?:TIMED_OUT|RESPONSE_TIMEOUT)/, 'upstreamTimeout', 'no answer came in time'],
  [/^ERR_(?:ABORTED|BLOCKED_|FAILED|CLEARTEXT_|UNKNOWN_URL_SCHEME|DISALLOWED_)/, 'clientAborted', 'the browser gave it up'],
]

/** @param word `net::ERR_CONNECTION_RESET`, or something else that the browser says */
export function failureOf(word: string): Failure {
  const error = word.replace(/^.*net::/, '')
  const [, reason, message] = reasons.find(([pattern]) => pattern.test(error)) ?? [
    null,
    'clientAborted' as const,
    'it failed in the browser',
  ]
  return { reason, message: word === '' ? message : `${message} (${word})` }
}
