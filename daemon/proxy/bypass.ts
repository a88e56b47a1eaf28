/** Whether a host is left alone, because the session says so or because its clients do not trust the CA. */
import type { Failure } from '../../sdk/model.ts'
import type { ListenerView } from './arrival.ts'

/** null: it is decrypted. */
export function bypassOf({ policy, learned }: ListenerView, host: string, port: number): 'bypassed' | 'autoBypassed' | null {
  if (policy.tls.bypass.match(host, port)) return 'bypassed'
  return policy.tls.autoBypass && learned.has(host, port) ? 'autoBypassed' : null
}

/** Of what went wrong with a client: once it has rejected the CA, its host is bypassed from the next connection on, and the record says so. */
export function learnFrom(failure: Failure, { policy, learned }: ListenerView, host: string, port: number): Failure {
  if (failure.reason !== 'clientRejectedCa' || !policy.tls.autoBypass || !learned.add(host, port)) return failure
  return { ...failure, message: `${failure.message}. From the next connection on this host is bypassed (tls.autoBypass)` }
}
