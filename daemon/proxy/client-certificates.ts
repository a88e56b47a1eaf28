/** Client certificates of a session: read when they are set, shown to the hosts that match. */
import { createHash } from 'node:crypto'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import { codes, WeirError } from '../../sdk/errors.ts'
import type { ClientCertificate } from '../../sdk/session-settings.ts'

export interface ReadyCertificate {
  /** Equal: the same certificate. */
  id: string
  options: Pick<SecureContextOptions, 'cert' | 'key' | 'pfx' | 'passphrase'>
}

/** -32602 invalidClientCertificate. @param index its place in tls.clientCertificates */
export function readClientCertificate(given: ClientCertificate, index: number): ReadyCertificate {
  const { match: _, passphrase, ...material } = given
  const options = {
    ...('pfx' in material ? { pfx: Buffer.from(material.pfx, 'base64') } : material),
    ...(passphrase !== undefined && { passphrase }),
  }
  try {
    createSecureContext(options)
  } catch (error) {
    const { property, message } = faultOf(error as Error & { code?: string }, given)
    const path = `/tls/clientCertificates/${index}/${property}`
    throw new WeirError(codes.invalidParams, 'invalidClientCertificate', `${path}: ${message}`, { errors: [{ path, message }] })
  }
  return { id: createHash('sha256').update(JSON.stringify(material)).digest('base64'), options }
}

interface Fault {
  property: string
  message: string
}

/** By OpenSSL's words: Node gives them no better names. */
function faultOf({ message, code = '' }: Error & { code?: string }, given: ClientCertificate): Fault {
  const isPassphrase = /mac verify failure|bad decrypt|bad password|interrupted or cancelled|empty password/i.test(`${code} ${message}`)
  if (isPassphrase || code === 'ERR_MISSING_PASSPHRASE') {
    return given.passphrase === undefined
      ? { property: 'passphrase', message: 'is needed: the key is encrypted' }
      : { property: 'passphrase', message: 'is wrong' }
  }
  if ('pfx' in given) {
    if (/unsupported/i.test(message)) {
      return { property: 'pfx', message: 'is encrypted in an old way that OpenSSL 3 does not read: export it again with AES-256' }
    }
    return { property: 'pfx', message: 'is no PKCS#12 file in base64 that holds a certificate and its key' }
  }
  if (/values mismatch|key type mismatch/i.test(message)) return { property: 'key', message: 'is not the key of the certificate in cert' }
  const hasCertificate = /-----BEGIN (TRUSTED |X509 )?CERTIFICATE-----/.test(given.cert) && isContext({ cert: given.cert })
  return hasCertificate
    ? { property: 'key', message: 'is no private key in PEM' }
    : { property: 'cert', message: 'is no certificate in PEM that can be read' }
}

function isContext(options: SecureContextOptions): boolean {
  try {
    createSecureContext(options)
    return true
  } catch {
    return false
  }
}
