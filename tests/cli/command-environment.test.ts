import { X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { getCACertificates } from 'node:tls'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findExecutable } from '../../daemon/cli/find-executable.ts'
import { writeCaBundle } from '../../sdk/ca-bundle.ts'
import { commandEnvironment, withoutNpm } from '../../sdk/command-environment.ts'
import { testCa } from '../support/certificates.ts'
import { temporaryHome } from '../support/home.ts'

fc.configureGlobal({ seed: 20260131 })

const files = { bundle: '/b.pem', extra: '/e.pem' }

describe('the environment of a captured command', () => {
  test('leads every kind of program through the proxy and to the certificates', () => {
    const environment = commandEnvironment({ HOME: '/h', NO_PROXY: 'localhost', https_proxy: 'http://old' }, 'http://127.0.0.1:1', files)
    expect(environment).toEqual({
      HOME: '/h',
      HTTP_PROXY: 'http://127.0.0.1:1',
      HTTPS_PROXY: 'http://127.0.0.1:1',
      ALL_PROXY: 'http://127.0.0.1:1',
      http_proxy: 'http://127.0.0.1:1',
      https_proxy: 'http://127.0.0.1:1',
      all_proxy: 'http://127.0.0.1:1',
      NO_PROXY: '',
      no_proxy: '',
      NODE_EXTRA_CA_CERTS: '/e.pem',
      NODE_USE_ENV_PROXY: '1',
      SSL_CERT_FILE: '/b.pem',
      CURL_CA_BUNDLE: '/b.pem',
      REQUESTS_CA_BUNDLE: '/b.pem',
      GIT_SSL_CAINFO: '/b.pem',
      CARGO_HTTP_CAINFO: '/b.pem',
      AWS_CA_BUNDLE: '/b.pem',
      DENO_CERT: '/b.pem',
    })
  })

  test('has the caller’s own PATH, without what npm and npx put before it', () => {
    const own = ['/home/u/node_modules/.bin', '/usr/local/bin', '/usr/bin']
    const npm = ['/p/q/node_modules/.bin', '/p/node_modules/.bin', '/node_modules/.bin', '/usr/lib/npm/run-script/lib/node-gyp-bin']
    const path = (...folders: string[]) => folders.join(delimiter)
    expect(withoutNpm(path(...npm, ...own))).toBe(path(...own))
    expect(withoutNpm(path(...npm, ...npm, ...own))).toBe(path(...own))
    expect(withoutNpm(path(...own))).toBe(path(...own))
    expect(withoutNpm(path('/opt/node-gyp-bin/x', ...own))).toBe(path('/opt/node-gyp-bin/x', ...own))
    expect(commandEnvironment({ Path: path(...npm, ...own) }, 'http://127.0.0.1:1', files).Path).toBe(path(...own))
  })

  test('a PATH that npm has not touched stays as it is', () => {
    const folder = fc.constantFrom('/usr/bin', '', '/a/node_modules/.bin', '.', '/opt/x')
    fc.assert(
      fc.property(fc.array(folder), (folders) => {
        expect(withoutNpm(folders.join(delimiter))).toBe(folders.join(delimiter))
      }),
    )
  })
})

describe('the certificates of a captured command', () => {
  test('are weir’s, the caller’s and the system’s, each once and for the caller alone', async () => {
    const { certificate } = await testCa()
    const folder = await temporaryHome()
    const callers = join(folder, 'callers.pem')
    const system = getCACertificates('system')
    const other = system[0] ?? ''
    await writeFile(callers, `some text\r\n${other}\n${certificate}`)
    const bundle = await writeCaBundle(certificate, { NODE_EXTRA_CA_CERTS: callers, SSL_CERT_FILE: '/does/not/exist' })
    const read = (file: string) =>
      (readFileSync(file, 'utf8').match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g) ?? []).map(
        (pem) => new X509Certificate(pem).fingerprint256,
      )
    const ours = new X509Certificate(certificate).fingerprint256
    expect(read(bundle.extra)).toEqual([ours, new X509Certificate(other).fingerprint256])
    const all = read(bundle.bundle)
    expect(new Set(all)).toEqual(new Set([ours, ...system.map((pem) => new X509Certificate(pem).fingerprint256)]))
    expect(all.length).toBe(new Set(all).size)
    expect(statSync(bundle.bundle).mode & 0o777).toBe(0o600)
    expect(statSync(bundle.extra).mode & 0o777).toBe(0o600)
    expect(statSync(dirname(bundle.bundle)).mode & 0o777).toBe(0o700)
    await bundle.remove()
    expect(statSync(dirname(bundle.bundle), { throwIfNoEntry: false })).toBeUndefined()
  })
})

describe('where a command is looked for', () => {
  test('as a shell does', async () => {
    const folder = await temporaryHome()
    await writeFile(join(folder, 'tool'), '#!/bin/sh\n', { mode: 0o755 })
    await writeFile(join(folder, 'data'), '', { mode: 0o644 })
    expect(findExecutable('tool', `/nowhere${delimiter}${folder}`)).toBe('found')
    expect(findExecutable(join(folder, 'tool'), '')).toBe('found')
    expect(findExecutable('data', folder)).toBe('notExecutable')
    expect(findExecutable('missing', folder)).toBe('notFound')
    expect(findExecutable(`${join(folder, 'data')}/x`, folder)).toBe('notFound')
    expect(findExecutable(folder, '')).toBe('notFound')
  })
})
