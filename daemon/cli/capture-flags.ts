/** What the flags of `weir capture` mean for session/start. */
import { readFileSync } from 'node:fs'
import type { Params } from '../../sdk/protocol.ts'
import type { ClientCertificate } from '../../sdk/session-settings.ts'
import { CommandFailed, UsageError } from './exit.ts'
import type { Given } from './given.ts'

type AutoStop = NonNullable<Params<'session/start'>['autoStop']>

const durations: { readonly [unit: string]: number } = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }
const sizes: { readonly [unit: string]: number } = { b: 1, kb: 1e3, mb: 1e6, gb: 1e9 }

function amount(text: string): { value: number; unit: string } | null {
  const match = /^(\d{1,12}(?:\.\d{1,6})?)([a-z]*)$/i.exec(text)
  return match ? { value: Number(match[1]), unit: (match[2] as string).toLowerCase() } : null
}

/** `10` exchanges, `30s` or `1.5h`, `100mb`. */
export function parseStopAfter(text: string): AutoStop {
  const { value, unit } = amount(text) ?? { value: 0, unit: '' }
  const ms = Math.round(value * (durations[unit] ?? 0))
  const bytes = Math.round(value * (sizes[unit] ?? 0))
  if (unit === '' && value >= 1 && Number.isInteger(value)) return { exchanges: value }
  if (ms >= 1 && ms < 2 ** 31) return { afterMs: ms }
  if (bytes >= 1) return { bytes }
  throw new UsageError(
    `--stop-after takes a number of exchanges (10), a duration (30s, 5m, 2h) or a size (100mb), not ${JSON.stringify(text)}`,
  )
}

/** `1mb`, `64kb`, `1000`. */
export function parseSize(text: string): number {
  const { value, unit } = amount(text) ?? { value: -1, unit: '' }
  const bytes = Math.round(value * (unit === '' ? 1 : (sizes[unit] ?? Number.NaN)))
  if (bytes >= 0) return bytes
  throw new UsageError(`--max-body takes a size (1000, 64kb, 1mb), not ${JSON.stringify(text)}`)
}

/** `LEFT=RIGHT`. */
export const parsePair = (flag: string, form: string) => (text: string) => {
  const split = text.indexOf('=')
  if (split > 0 && split < text.length - 1) return [text.slice(0, split), text.slice(split + 1)] as const
  throw new UsageError(`${flag} takes ${form}, not ${JSON.stringify(text)}`)
}
type Pair = ReturnType<ReturnType<typeof parsePair>>

/** Ways out, and what is kept. */
export function settingsOf(given: Given): Pick<Params<'session/start'>, 'upstream' | 'dial' | 'limits' | 'autoStop'> {
  const upstream = given.values<Pair>('upstream').map(([match, url]) => ({ match, url: url === 'direct' ? null : url }))
  const hosts = given.values<Pair>('resolve')
  const stops = given.values<AutoStop>('stopAfter')
  const bodyBytes = given.number('maxBody')
  return {
    ...(upstream.length > 0 && { upstream }),
    ...(hosts.length > 0 && { dial: { hosts: Object.fromEntries(hosts) } }),
    ...(bodyBytes !== undefined && { limits: { bodyBytes } }),
    ...(stops.length > 0 && { autoStop: Object.assign({}, ...stops) as AutoStop }),
  }
}

export function tlsOf(
  given: Given,
): Pick<NonNullable<Params<'session/start'>['tls']>, 'insecure' | 'bypass' | 'autoBypass' | 'keyLog' | 'clientCertificates'> {
  const insecure = given.list('insecure')
  const bypass = given.list('bypass')
  const clientCertificates = given.values<Pair>('clientCert').map(clientCertificate)
  return {
    ...(insecure.length > 0 && { insecure }),
    ...(bypass.length > 0 && { bypass }),
    ...(given.flag('autoBypass') && { autoBypass: true }),
    ...(given.flag('keyLog') && { keyLog: true }),
    ...(clientCertificates.length > 0 && { clientCertificates }),
  }
}

/** PEM with the certificates and the key, or PKCS#12. */
function clientCertificate([match, file]: Pair): ClientCertificate {
  let bytes: Buffer
  try {
    bytes = readFileSync(file)
  } catch (error) {
    throw new CommandFailed(`--client-cert: ${(error as Error).message}`)
  }
  const text = bytes.toString('latin1')
  return text.includes('-----BEGIN ') ? { match, cert: text, key: text } : { match, pfx: bytes.toString('base64') }
}
