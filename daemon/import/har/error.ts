/** Why an entry of a HAR has no whole response: weir's own words, Chromium's net errors, or whatever a tool wrote. */
import { type Failure, type FailureReason, failureReasons } from '../../../sdk/model.ts'
import { type JsonObject, objectOf, textOf } from '../json-values.ts'

/** https://source.chromium.org/chromium/chromium/src/+/main:net/base/net_error_list.h */
const netErrors: readonly [pattern: RegExp, reason: FailureReason][] = [
  [/ERR_ABORTED/, 'clientAborted'],
  [/ERR_NAME_NOT_RESOLVED|ERR_DNS/, 'dnsNotFound'],
  [/ERR_CONNECTION_REFUSED/, 'connectionRefused'],
  [/ERR_CONNECTION_TIMED_OUT/, 'connectTimeout'],
  [/ERR_ADDRESS|ERR_CONNECTION_FAILED|ERR_INTERNET_DISCONNECTED|ERR_NETWORK/, 'connectFailed'],
  [/ERR_CONNECTION_RESET/, 'upstreamReset'],
  [/ERR_CONNECTION_CLOSED|ERR_EMPTY_RESPONSE|ERR_CONTENT_LENGTH_MISMATCH|ERR_INCOMPLETE/, 'upstreamClosed'],
  [/ERR_TIMED_OUT/, 'upstreamTimeout'],
  [/ERR_CERT/, 'tlsUntrusted'],
  [/ERR_SSL/, 'tlsHandshakeFailed'],
  [/ERR_(?:TUNNEL|PROXY)/, 'upstreamProxyUnreachable'],
]

/** weir writes the state where there is no reason. */
const states = new Set(['open', 'complete', 'failed', 'aborted'])

/** null: it says nothing of one. */
export function harError(entry: JsonObject): Failure | null {
  const response = objectOf(entry.response)
  const said = textOf(entry._error) || textOf(response._error) || textOf(response._failureText)
  if (said === '' || states.has(said)) return null
  const [, word = '', message = ''] = /^(\w+): (.*)$/s.exec(said) ?? []
  const own = failureReasons.find((reason) => reason === word)
  if (own !== undefined) return { reason: own, message }
  return { reason: netErrors.find(([pattern]) => pattern.test(said))?.[1] ?? 'notRecorded', message: said.slice(0, 500) }
}
