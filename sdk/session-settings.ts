/** What a session can be told when it starts, and later: how it listens, which TLS it does, its ways out, its limits. Params are closed: a typo is an error. */
import { FilterSetting } from './model.ts'
import { closed, nullable, type Static, Type } from './schema.ts'

/** The name of the standing session: requests go on record there that weir sends for none. */
export const standingName = 'sent'

const optional = Type.Optional
const text = Type.String()

const pem = 'PEM: certificates, the first with its key; more lead to its CA.'
const onlyHost = Type.String({ minLength: 1, description: 'A host pattern, of the name that the certificate of the origin must bear.' })

/** What weir answers with when an origin asks for a client certificate (RFC 8446 section 4.4.2). */
export const ClientCertificate = Type.Union([
  closed({
    match: onlyHost,
    cert: Type.String({ description: pem }),
    key: Type.String({ description: 'PEM.' }),
    passphrase: optional(text),
  }),
  closed({ match: onlyHost, pfx: Type.String({ description: 'PKCS#12, base64.' }), passphrase: optional(text) }),
])
export type ClientCertificate = Static<typeof ClientCertificate>

export const TlsSettings = closed({
  bypass: optional(Type.Array(text, { description: 'Host patterns (`*` is any run of characters) that are never decrypted.' })),
  autoBypass: optional(
    Type.Boolean({
      description:
        'A host whose client rejects the CA is not decrypted from the next connection on; session/get lists them as autoBypassed. Off: they are forgotten.',
    }),
  ),
  insecure: optional(Type.Array(text, { description: 'Host patterns whose certificates are not verified.' })),
  keyLog: optional(
    Type.Boolean({
      description:
        "Writes the secrets of both sides' TLS connections to the session's file name with .keys behind it, for Wireshark: who has it can decrypt them.",
    }),
  ),
  ca: optional(Type.String({ description: 'PEM certificates trusted beside the system roots.' })),
  trust: optional(
    Type.Array(closed({ match: onlyHost, ca: Type.String({ description: 'PEM certificates.' }) }), {
      description: 'CAs that are trusted for the hosts that match, and for no others.',
    }),
  ),
  clientCertificates: optional(
    Type.Array(ClientCertificate, { description: 'Shown to the hosts that match and to no others; the first that matches counts.' }),
  ),
})
export type TlsSettings = Static<typeof TlsSettings>

export const ProxySettings = closed({
  host: optional(Type.String({ description: '127.0.0.1 when absent; beyond loopback `auth` is required.' })),
  port: optional(Type.Integer({ minimum: 0, maximum: 65535, description: '0 or absent: a free one.' })),
  auth: optional(closed({ username: Type.String({ minLength: 1 }), password: text })),
  tlsPort: optional(
    Type.Integer({
      minimum: 1,
      maximum: 65535,
      description:
        'Of origins whose TLS comes straight to the port, without a tunnel, and is passed on by its server name (SNI). 443 when absent.',
    }),
  ),
})
export type ProxySettings = Static<typeof ProxySettings>

export const UpstreamRule = closed({
  match: Type.String({ minLength: 1, description: 'A pattern of destinations: `host` or `host:port`, `*` is any run of characters.' }),
  url: nullable(
    Type.String({
      description:
        'http:, https:, socks4:, socks4a:, socks5: or socks5h:, with credentials where it needs them; socks4 and socks5 get addresses, the others names. null: directly.',
    }),
  ),
})
export type UpstreamRule = Static<typeof UpstreamRule>

export const DialSettings = closed({
  family: optional(
    Type.Unsafe<4 | 6>({
      type: 'integer',
      enum: [4, 6],
      description: 'Names are looked up as IPv4 or IPv6 only. Absent: both are tried (RFC 8305).',
    }),
  ),
  hosts: optional(
    Type.Record(text, text, {
      description:
        'Where to connect instead of looking a name up: `host` or `host:port` to `address` or `address:port`. The URL and the TLS name stay. The proxies of the environment are passed over.',
    }),
  ),
})
export type DialSettings = Static<typeof DialSettings>

export const filters = Type.Array(FilterSetting, {
  maxItems: 16,
  description:
    'In their order: each sees what the one before it left. What they drop or change is not recorded; the traffic flows on as it is.',
})

export const waysOut = {
  upstream: optional(
    Type.Array(UpstreamRule, { description: 'Proxies between weir and the origins; the first that matches counts, else the environment.' }),
  ),
  dial: optional(DialSettings),
}

export const SessionLimits = closed({
  bodyBytes: optional(
    Type.Integer({
      minimum: 0,
      description: 'Of each body so many bytes are kept; it is `truncated` then. Traffic and `bodySize` stay whole.',
    }),
  ),
  sessionBytes: optional(
    Type.Integer({
      minimum: 1024 * 1024,
      description: 'When the session takes more, its oldest exchanges go, down to nine tenths of that; a gap says how many (`retention`).',
    }),
  ),
  ageMs: optional(
    Type.Integer({
      minimum: 1000,
      description: 'Exchanges that began earlier go while the session is open, except those that are open themselves.',
    }),
  ),
})
export type SessionLimits = Static<typeof SessionLimits>

const milliseconds = (description: string) => optional(Type.Integer({ minimum: 1, maximum: 2 ** 31 - 1, description }))
const amount = (description: string) => optional(Type.Integer({ minimum: 1, description }))

/** The session is stopped, as session/stop does, by whichever comes first. It counts from session/start, a resume, or the session/set that gives it. */
export const AutoStopSettings = closed({
  afterMs: milliseconds('So long after that.'),
  idleMs: milliseconds('When nothing has changed on record for so long.'),
  exchanges: amount(
    'So many are recorded, in the order in which they begin; it ends when they have. What begins meanwhile is counted in one gap (`autoStop`).',
  ),
  bytes: amount('When bodies have at least so many, sent and received; looked at with each commit.'),
})
export type AutoStopSettings = Static<typeof AutoStopSettings>
