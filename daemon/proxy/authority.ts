/**
 * The certificate authority of one home: `ca-key.pem` (0600) and `ca.pem`. The key decides: the certificate can be made
 * again from it under the same name. Both are made so that two daemons starting at once end up with the same pair.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { link, mkdir, open, readFile, rename, unlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { unavailable } from '../../sdk/errors.ts'
import { generateKeys, type Keys, readKeys } from './keys.ts'
import type { CaInfo } from './surface.ts'

export interface Authority {
  info: CaInfo
  keys: Keys
}

type Notice = (message: string) => void

const isCode = (error: unknown, code: string): boolean => (error as NodeJS.ErrnoException).code === code

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (isCode(error, 'ENOENT')) return null
    throw error
  }
}

/** A whole file or none. 'create' leaves one that is there alone; false: it was there. */
async function writeWhole(path: string, text: string, mode: number, how: 'create' | 'replace'): Promise<boolean> {
  const temporary = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}`
  const file = await open(temporary, 'wx', mode)
  try {
    await file.writeFile(text)
    await file.sync()
    await file.close()
    if (how === 'replace') {
      await rename(temporary, path)
      return true
    }
    await link(temporary, path)
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error
    return false
  } finally {
    await file.close().catch(() => undefined)
    await unlink(temporary).catch(() => undefined)
  }
  return true
}

/** Loads or makes the CA. 1005 caUnreadable when the key is there and of no use: it is never overwritten. */
export async function openAuthority(home: string, notice: Notice): Promise<Authority> {
  await mkdir(home, { recursive: true, mode: 0o700 })
  const keys = await openKeys(join(home, 'ca-key.pem'))
  const path = join(home, 'ca.pem')
  const found = await readIfThere(path)
  const flaw = found === null ? null : flawOf(found, keys)
  if (found !== null && flaw === null) return { info: describe(found, path), keys }
  if (flaw !== null) notice(`ca.pem ${flaw}: made again from its key, under the same name; programs that were given the file need it again`)
  const { issueCa } = await import('./x509.ts')
  const certificate = await issueCa(keys, hostname())
  const written = await writeWhole(path, certificate, 0o644, found === null ? 'create' : 'replace')
  return { info: describe(written ? certificate : await readFile(path, 'utf8'), path), keys }
}

async function openKeys(path: string): Promise<Keys> {
  const found = await readIfThere(path)
  if (found === null) {
    const keys = await generateKeys()
    if (await writeWhole(path, keys.pem, 0o600, 'create')) return keys
  }
  const pem = found ?? (await readFile(path, 'utf8'))
  try {
    return await readKeys(pem)
  } catch {
    throw unavailable('caUnreadable', `${path} holds no usable key: put it back, or move it and ca.pem away to have a new CA made`)
  }
}

/** What is wrong with a certificate; null: nothing. */
function flawOf(pem: string, keys: Keys): string | null {
  let certificate: X509Certificate
  try {
    certificate = new X509Certificate(pem)
  } catch {
    return 'cannot be read'
  }
  const now = Date.now()
  if (!certificate.ca) return 'is no CA certificate'
  if (Date.parse(certificate.validTo) < now) return 'has expired'
  if (Date.parse(certificate.validFrom) > now) return 'is not valid yet'
  if (!certificate.checkPrivateKey(createPrivateKey(keys.pem))) return 'belongs to another key'
  return null
}

function describe(pem: string, path: string): CaInfo {
  const certificate = new X509Certificate(pem)
  return {
    certificate: pem,
    path,
    subject: certificate.subject,
    validTo: Date.parse(certificate.validTo),
    fingerprint256: certificate.fingerprint256,
  }
}
