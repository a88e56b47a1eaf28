/** Key pairs of the CA and of the leaves: EC P-256. */
import { webcrypto } from 'node:crypto'

export const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const

export interface Keys {
  pair: webcrypto.CryptoKeyPair
  /** PKCS #8, PEM. */
  pem: string
}

function toPem(bytes: ArrayBuffer, label: string): string {
  const base64 = Buffer.from(bytes)
    .toString('base64')
    .replace(/.{64}(?=.)/g, '$&\n')
  return `-----BEGIN ${label}-----\n${base64}\n-----END ${label}-----\n`
}

export async function generateKeys(): Promise<Keys> {
  const pair = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  return { pair, pem: toPem(await webcrypto.subtle.exportKey('pkcs8', pair.privateKey), 'PRIVATE KEY') }
}

/** Throws when it is no EC P-256 key in PKCS #8 PEM. */
export async function readKeys(pem: string): Promise<Keys> {
  const bytes = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64')
  const privateKey = await webcrypto.subtle.importKey('pkcs8', bytes, algorithm, true, ['sign'])
  const { d: _, ...jwk } = await webcrypto.subtle.exportKey('jwk', privateKey)
  const publicKey = await webcrypto.subtle.importKey('jwk', { ...jwk, key_ops: ['verify'] }, algorithm, true, ['verify'])
  return { pair: { privateKey, publicKey }, pem }
}
