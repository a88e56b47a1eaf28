import { X509Certificate } from 'node:crypto'
import { chmod, readFile, stat, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openAuthority } from '../../daemon/proxy/authority.ts'
import { generateKeys } from '../../daemon/proxy/keys.ts'
import { LeafCertificates } from '../../daemon/proxy/leaf-certificates.ts'
import { leafIssuer } from '../../daemon/proxy/x509.ts'
import { testCa } from '../support/certificates.ts'
import { temporaryHome } from '../support/home.ts'

const day = 86_400_000
const mode = async (path: string) => (await stat(path)).mode & 0o777

/** Opens it and gathers what it had to say. */
async function open(home: string) {
  const notices: string[] = []
  const authority = await openAuthority(home, (message) => void notices.push(message))
  return { ...authority, notices }
}

describe('the CA of a home', () => {
  test('is an EC P-256 CA of two years with a name of its own; its key is for its owner alone', async () => {
    const home = await temporaryHome()
    const { info } = await open(home)
    const certificate = new X509Certificate(info.certificate)
    expect(certificate.ca).toBe(true)
    expect(certificate.subject).toMatch(/^CN=weir [0-9a-f]{6} \(.+\)$/)
    expect(certificate.publicKey.asymmetricKeyDetails).toMatchObject({ namedCurve: 'prime256v1' })
    expect(certificate.verify(certificate.publicKey)).toBe(true)
    expect(Math.abs(info.validTo - Date.now() - 730 * day)).toBeLessThan(day)
    expect(await mode(join(home, 'ca-key.pem'))).toBe(0o600)
    expect(await readFile(join(home, 'ca.pem'), 'utf8')).toBe(info.certificate)
    expect(info.fingerprint256).toBe(certificate.fingerprint256)
    const other = await open(await temporaryHome())
    expect(other.info.subject).not.toBe(info.subject)
  })

  test('stays the same when opened again', async () => {
    const home = await temporaryHome()
    const [first, second] = [await open(home), await open(home)]
    expect(second.info).toEqual(first.info)
    expect(second.notices).toEqual([])
  })

  test('is one, however many daemons start at once', async () => {
    const home = await temporaryHome()
    const all = await Promise.all(Array.from({ length: 8 }, () => open(home)))
    expect(new Set(all.map(({ info }) => info.certificate)).size).toBe(1)
    expect(new Set(all.map(({ keys }) => keys.pem)).size).toBe(1)
  })

  test.each([
    ['cannot be read', async () => 'rubbish'],
    ['is no CA certificate', async () => (await (await testCa()).issue(['x'])).cert],
    ['belongs to another key', async () => (await testCa()).certificate],
  ])('a ca.pem that %s is made again from its key, under the same name, and said', async (flaw, text) => {
    const home = await temporaryHome()
    const before = await open(home)
    await writeFile(join(home, 'ca.pem'), await text())
    const after = await open(home)
    expect(after.info.subject).toBe(before.info.subject)
    expect(after.info.certificate).not.toBe(before.info.certificate)
    expect(after.notices).toEqual([expect.stringContaining(flaw)])
    expect((await open(home)).notices).toEqual([])
  })

  test('a lost ca.pem is made again', async () => {
    const home = await temporaryHome()
    const before = await open(home)
    await unlink(join(home, 'ca.pem'))
    expect((await open(home)).info.subject).toBe(before.info.subject)
  })

  test('a key that is of no use is never overwritten: a clear error', async () => {
    const home = await temporaryHome()
    await open(home)
    await chmod(join(home, 'ca-key.pem'), 0o600)
    await writeFile(join(home, 'ca-key.pem'), 'not a key')
    await expect(open(home)).rejects.toMatchObject({ code: 1005, reason: 'caUnreadable' })
    expect(await readFile(join(home, 'ca-key.pem'), 'utf8')).toBe('not a key')
  })
})

describe('leaf certificates', () => {
  const issuer = async () => {
    const authority = await openAuthority(await temporaryHome(), () => undefined)
    return {
      ca: new X509Certificate(authority.info.certificate),
      issuer: leafIssuer(authority.info.certificate, authority.keys, await generateKeys()),
    }
  }

  test.each(['example.com', 'a_b.example', '*.example.com', '127.0.0.1', '::1', `${'a.'.repeat(60)}example`, 'bücher.example'])(
    'for %s',
    async (name) => {
      const { ca, issuer: issue } = await issuer()
      const { certificate, validTo } = await issue.issue(name)
      const leaf = new X509Certificate(certificate)
      expect(leaf.checkIssued(ca)).toBe(true)
      expect(leaf.verify(ca.publicKey)).toBe(true)
      expect(leaf.ca).toBe(false)
      const ascii = name === 'bücher.example' ? 'xn--bcher-kva.example' : name
      if (/^[\d.]+$|:/.test(name)) expect(leaf.checkIP(name)).toBe(name)
      else expect(leaf.subjectAltName).toBe(`DNS:${ascii}`)
      expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1'])
      expect(Date.parse(leaf.validTo) - Date.parse(leaf.validFrom)).toBeLessThanOrEqual(45 * day)
      expect(Date.parse(leaf.validFrom)).toBeLessThan(Date.now() - day / 2)
      expect(validTo).toBeLessThanOrEqual(Date.parse(ca.validTo))
    },
  )

  test('no certificate for a name that none can bear', async () => {
    const { issuer: issue } = await issuer()
    await expect(issue.issue('')).rejects.toThrow(RangeError)
    await expect(issue.issue('x'.repeat(300))).rejects.toThrow(RangeError)
  })

  test('are made once a name, whatever its case and however many ask at once', async () => {
    const leaves = await LeafCertificates.create(await openAuthority(await temporaryHome(), () => undefined))
    const contexts = await Promise.all(['example.com', 'EXAMPLE.com', 'example.com'].map((name) => leaves.contextFor(name)))
    expect(new Set(contexts).size).toBe(1)
    expect(await leaves.contextFor('other.example')).not.toBe(contexts[0])
  })

  test('are kept up to a bound', async () => {
    const leaves = await LeafCertificates.create(await openAuthority(await temporaryHome(), () => undefined), 2)
    const first = await leaves.contextFor('1.example')
    await leaves.contextFor('2.example')
    await leaves.contextFor('3.example')
    expect(await leaves.contextFor('1.example')).not.toBe(first)
  })
})
