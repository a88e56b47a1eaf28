/** JA3 (https://github.com/salesforce/ja3) and JA4 (https://github.com/FoxIO-LLC/ja4) of a ClientHello. */
import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { ClientHello, Hello } from './client-hello.ts'

export interface Fingerprint {
  ja3: string
  ja4: string
}

/** RFC 8701: values that mean nothing. */
const isGrease = (value: number): boolean => (value & 0x0f0f) === 0x0a0a && value >> 8 === (value & 0xff)
const meant = (values: readonly number[]): number[] => values.filter((value) => !isGrease(value))
const hex = (value: number): string => value.toString(16).padStart(4, '0')
const short = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12)

function ja3(hello: ClientHello): string {
  const lists = [hello.cipherSuites, hello.extensions, hello.groups, hello.pointFormats]
  const text = [hello.legacyVersion, ...lists.map((list) => meant(list).join('-'))].join(',')
  return createHash('md5').update(text).digest('hex')
}

const versions: Record<number, string> = { 772: '13', 771: '12', 770: '11', 769: '10', 768: 's3', 2: 's2' }

/** First and last character of the first protocol; of its hex form where one of them is no letter or digit. */
function alpnMark(protocol: string | undefined): string {
  if (!protocol) return '00'
  const isPlain = /^[0-9A-Za-z]$/.test(protocol.charAt(0)) && /^[0-9A-Za-z]$/.test(protocol.charAt(protocol.length - 1))
  const text = isPlain ? protocol : Buffer.from(protocol, 'latin1').toString('hex')
  return text.charAt(0) + text.charAt(text.length - 1)
}

function ja4(hello: ClientHello): string {
  const ciphers = meant(hello.cipherSuites)
  const extensions = meant(hello.extensions)
  const version = versions[Math.max(...meant(hello.supportedVersions), 0) || hello.legacyVersion] ?? '00'
  const count = (list: number[]) => String(Math.min(list.length, 99)).padStart(2, '0')
  const start = `t${version}${hello.serverName === null ? 'i' : 'd'}${count(ciphers)}${count(extensions)}${alpnMark(hello.protocols?.[0])}`
  const cipherHash = ciphers.length > 0 ? short(ciphers.map(hex).sort().join(',')) : '0'.repeat(12)
  const sorted = extensions
    .filter((type) => type !== 0 && type !== 16)
    .map(hex)
    .sort()
    .join(',')
  const signatures = meant(hello.signatureAlgorithms).map(hex).join(',')
  const extensionHash = extensions.length > 0 ? short(signatures ? `${sorted}_${signatures}` : sorted) : '0'.repeat(12)
  return `${start}_${cipherHash}_${extensionHash}`
}

/** The same client says the same again and again. */
export class Fingerprints {
  #known = new LRUCache<string, Fingerprint>({ max: 256 })

  /** What the tap needs of a hello. */
  describe(hello: ClientHello): Hello {
    const { serverName, protocols } = hello
    return { serverName, protocols, ...this.of(hello) }
  }

  of(hello: ClientHello): Fingerprint {
    const { serverName, protocols } = hello
    const lists = [
      hello.cipherSuites,
      hello.extensions,
      hello.groups,
      hello.pointFormats,
      hello.signatureAlgorithms,
      hello.supportedVersions,
    ]
    const key = `${hello.legacyVersion}|${lists.join('|')}|${serverName === null}|${protocols?.[0] ?? ''}`
    let fingerprint = this.#known.get(key)
    if (!fingerprint) {
      fingerprint = { ja3: ja3(hello), ja4: ja4(hello) }
      this.#known.set(key, fingerprint)
    }
    return fingerprint
  }
}
