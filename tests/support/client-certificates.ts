/** Client certificates made by the openssl tool, as people have them. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface TestClientCertificate {
  /** PEM, signed by itself. */
  cert: string
  key: string
  /** The same key, encrypted with `passphrase`. */
  encryptedKey: string
  /** PKCS#12 with the passphrase. */
  pfx: Buffer
  passphrase: string
}

export function makeClientCertificate(name: string, passphrase = 'open sesame'): TestClientCertificate {
  const folder = mkdtempSync(join(tmpdir(), 'weir-client-'))
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  const read = (file: string) => readFileSync(join(folder, file))
  try {
    const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
    openssl('req', '-x509', ...newKey, '-subj', `/CN=${name}`, '-days', '10', '-keyout', 'key.pem', '-out', 'cert.pem')
    openssl('pkcs8', '-topk8', '-in', 'key.pem', '-out', 'encrypted.pem', '-passout', `pass:${passphrase}`)
    openssl('pkcs12', '-export', '-in', 'cert.pem', '-inkey', 'key.pem', '-out', 'both.p12', '-passout', `pass:${passphrase}`)
    const [cert, key, encryptedKey] = ['cert.pem', 'key.pem', 'encrypted.pem'].map((file) => read(file).toString()) as [
      string,
      string,
      string,
    ]
    return { cert, key, encryptedKey, pfx: read('both.p12'), passphrase }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
