/** A certificate authority for the tests' own TLS origins, made once a test file. */
import 'reflect-metadata'
import { createHash, webcrypto, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import * as x509 from '@peculiar/x509'

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const day = 86_400_000

export interface KeyAndCertificate {
  /** PEM. */
  key: string
  /** PEM; the CA behind it. */
  cert: string
}

export interface TestCa {
  /** PEM. */
  certificate: string
  /** For DNS names and IP addresses. `validity` shifts the days it is valid, so that expired ones can be made. */
  issue(names: string[], validity?: { fromDays: number; toDays: number }): Promise<KeyAndCertificate>
}

const newKeys = () => webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])

async function pem(key: webcrypto.CryptoKey): Promise<string> {
  const base64 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)).toString('base64')
  return `-----BEGIN PRIVATE KEY-----\n${base64.replace(/(.{64})/g, '$1\n')}\n-----END PRIVATE KEY-----\n`
}

async function makeCa(): Promise<TestCa> {
  const keys = await newKeys()
  const name = 'CN=weir tests'
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    name,
    keys,
    signingAlgorithm: algorithm,
    notBefore: new Date(Date.now() - day),
    notAfter: new Date(Date.now() + 30 * day),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  const certificate = `${ca.toString('pem')}\n`
  return {
    certificate,
    async issue(names, validity = { fromDays: -1, toDays: 20 }) {
      const leaf = await newKeys()
      const cert = await x509.X509CertificateGenerator.create({
        subject: 'CN=origin',
        issuer: name,
        publicKey: leaf.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: algorithm,
        notBefore: new Date(Date.now() + validity.fromDays * day),
        notAfter: new Date(Date.now() + validity.toDays * day),
        extensions: [
          new x509.BasicConstraintsExtension(false),
          new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
          new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: isIP(value) ? 'ip' : 'dns', value }))),
          await x509.AuthorityKeyIdentifierExtension.create(keys.publicKey),
        ],
      })
      return { key: await pem(leaf.privateKey), cert: `${cert.toString('pem')}\n${certificate}` }
    },
  }
}

let made: Promise<TestCa> | undefined
/** The same CA for the whole test file. */
export const testCa = (): Promise<TestCa> => (made ??= makeCa())

/** Of its public key, as Chromium's --ignore-certificate-errors-spki-list takes it. @param certificate PEM */
export const keyHash = (certificate: string): string =>
  createHash('sha256')
    .update(new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64')
