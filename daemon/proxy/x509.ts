/** Certificates: the CA's own and leaves signed by it. Imported when one is to be made: the library takes 17 MB and 60 ms. */
import '../thread/metadata.ts'
import { randomBytes } from 'node:crypto'
import { isIP } from 'node:net'
import { domainToASCII } from 'node:url'
import * as x509 from '@peculiar/x509'
import { algorithm, type Keys } from './keys.ts'

const day = 86_400_000
const backdated = day

const pemOf = (certificate: x509.X509Certificate): string => `${certificate.toString('pem')}\n`

/** Positive and 127 bits of chance (RFC 5280 section 4.1.2.2). */
function serialNumber(): string {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40
  return bytes.toString('hex')
}

/** Two years; the same keys always bear the same name, so that certificates of one key can stand in for each other. */
export async function issueCa(keys: Keys, hostname: string): Promise<string> {
  const keyId = await x509.SubjectKeyIdentifierExtension.create(keys.pair.publicKey)
  const now = Date.now()
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: new x509.Name([{ CN: [`weir ${keyId.keyId.slice(0, 6)} (${hostname})`.slice(0, 64)] }]),
    keys: keys.pair,
    signingAlgorithm: algorithm,
    notBefore: new Date(now - backdated),
    notAfter: new Date(now + 730 * day),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      keyId,
    ],
  })
  return pemOf(certificate)
}

export interface LeafIssuer {
  /** A certificate for one DNS name or IP address. Throws on a name no certificate can bear. @param tag a second DNS name */
  issue(name: string, tag?: string): Promise<{ certificate: string; validTo: number }>
}

/** @param keys the CA's @param leafKeys the one pair all leaves share */
export function leafIssuer(caPem: string, keys: Keys, leafKeys: Keys): LeafIssuer {
  const ca = new x509.X509Certificate(caPem)
  const authorityKeyId = ca.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId ?? ''
  return {
    async issue(name, tag) {
      const now = Date.now()
      const validTo = Math.min(now + 44 * day, ca.notAfter.getTime())
      const certificate = await x509.X509CertificateGenerator.create({
        serialNumber: serialNumber(),
        subject: new x509.Name([{ CN: [name.length <= 64 ? name : 'weir'] }]),
        issuer: ca.subjectName,
        publicKey: leafKeys.pair.publicKey,
        signingKey: keys.pair.privateKey,
        signingAlgorithm: algorithm,
        notBefore: new Date(now - backdated),
        notAfter: new Date(validTo),
        extensions: [
          new x509.BasicConstraintsExtension(false, undefined, true),
          new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
          new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
          new x509.SubjectAlternativeNameExtension([
            isIP(name) ? { type: 'ip', value: name } : { type: 'dns', value: dnsName(name) },
            ...(tag === undefined ? [] : [{ type: 'dns' as const, value: tag }]),
          ]),
          new x509.AuthorityKeyIdentifierExtension(authorityKeyId),
        ],
      })
      return { certificate: pemOf(certificate), validTo }
    },
  }
}

function dnsName(name: string): string {
  const ascii = /^[\x21-\x7e]+$/.test(name) ? name : domainToASCII(name)
  if (ascii === '' || ascii.length > 253) throw new RangeError('no certificate can bear that name')
  return ascii
}
