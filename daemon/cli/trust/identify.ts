/** The CA as the stores know it. */
import { createHash, X509Certificate } from 'node:crypto'
import type { TrustedCa } from './trust-store.ts'

/** @param path absolute, of its PEM file */
export function identifyCa(path: string, certificate: string): TrustedCa {
  const { raw } = new X509Certificate(certificate)
  const hash = (algorithm: string) => createHash(algorithm).update(raw).digest('hex')
  return { path, certificate, alias: `weir-${hash('sha256').slice(0, 12)}`, sha1: hash('sha1').toUpperCase() }
}
