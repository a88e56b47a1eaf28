import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readConfig, refusedEnvironment, withoutOwnProxies } from '../../daemon/config.ts'
import type { WeirError } from '../../sdk/errors.ts'
import { runtimeWarnings } from '../../sdk/runtime.ts'
import { temporaryHome } from '../support/home.ts'

async function configFile(text: string): Promise<string> {
  const file = join(await temporaryHome(), 'config.toml')
  writeFileSync(file, text)
  return file
}

const complaint = (file: string, environment = {}): string => {
  try {
    readConfig(file, environment)
  } catch (error) {
    expect(error).toMatchObject({ code: 1005, reason: 'configInvalid' })
    return (error as WeirError).message.replace(`${file}: `, '').replace('; correct it and start weir again', '')
  }
  throw new Error('it was taken')
}

describe('config.toml', () => {
  it('may be absent', () => {
    expect(readConfig('/nowhere/config.toml', {})).toEqual({
      logLevel: 'info',
      limits: { connections: 10_000, handshakeMs: 15_000, connectMs: 30_000 },
      clientProcesses: true,
      extraCa: '',
      plugins: [],
      protos: [],
      websocketPort: null,
      readerThreads: 2,
      retention: { sessionBytes: 20 * 1024 ** 3, diskBytes: null, ageDays: null },
    })
  })

  it('sets what it names', async () => {
    const file = await configFile('log.level = "debug"\n[proxy]\nconnections = 5\nconnectMs = 100\n[readers]\nthreads = 1\n')
    expect(readConfig(file, {})).toMatchObject({
      logLevel: 'debug',
      limits: { connections: 5, connectMs: 100, handshakeMs: 15_000 },
      readerThreads: 1,
    })
  })

  it('says what is kept of sessions; 0 is no limit', async () => {
    const file = await configFile('[retention]\nsessionBytes = 0\ndiskBytes = 5000000000\nageDays = 30\n')
    expect(readConfig(file, {}).retention).toEqual({ sessionBytes: null, diskBytes: 5e9, ageDays: 30 })
  })

  it("names the user's plugins", async () => {
    const file = await configFile('plugins = ["mine/urls.mjs", "/elsewhere/plugins", "weir-exporter-foo"]\n')
    expect(readConfig(file, {}).plugins).toEqual(['mine/urls.mjs', '/elsewhere/plugins', 'weir-exporter-foo'])
  })

  it('names .proto files from its own folder on', async () => {
    const file = await configFile('grpc.protos = ["protos", "/elsewhere/shop.proto"]\n')
    expect(readConfig(file, {}).protos).toEqual([join(file, '..', 'protos'), '/elsewhere/shop.proto'])
  })

  it('names roots beside those of NODE_EXTRA_CA_CERTS', async () => {
    const file = await configFile('[tls]\nca = "roots.pem"\n')
    writeFileSync(join(file, '..', 'roots.pem'), 'ONE')
    writeFileSync(join(file, '..', 'more.pem'), 'TWO')
    expect(readConfig(file, { NODE_EXTRA_CA_CERTS: join(file, '..', 'more.pem') }).extraCa).toBe('ONE\nTWO\n')
  })

  it.each([
    ['[log]\nlevle = "info"\n', 'log.levle is not known here'],
    ['port = 1\n', 'port is not known here'],
    ['[log]\nlevel = "loud"\n', 'log.level must be one of debug, info, warn, error'],
    ['[proxy]\nconnections = 0\n', 'proxy.connections must be >= 1'],
    ['[proxy]\nconnections = "many"\n', 'proxy.connections must be integer'],
    ['[proxy\n', 'line 1, column 7: not TOML'],
  ])('with %j is refused', async (text, expected) => {
    expect(complaint(await configFile(text))).toBe(expected)
  })

  it('that cannot be read, or names what cannot be, is refused', async () => {
    const folder = join(await temporaryHome(), 'config.toml')
    mkdirSync(folder)
    expect(complaint(folder)).toBe('it cannot be read (EISDIR)')
    expect(complaint(await configFile('[tls]\nca = "none.pem"\n'))).toContain('tls.ca')
    expect(complaint('/nowhere/config.toml', { NODE_EXTRA_CA_CERTS: '/nowhere/ca.pem' })).toContain('NODE_EXTRA_CA_CERTS names it')
  })
})

describe('the environment', () => {
  it('is refused where it weakens every connection', () => {
    expect(refusedEnvironment({}, [])).toBeNull()
    expect(refusedEnvironment({ NODE_TLS_REJECT_UNAUTHORIZED: '1', NODE_OPTIONS: '--max-http-header-size=1' }, [])).toBeNull()
    expect(refusedEnvironment({ NODE_TLS_REJECT_UNAUTHORIZED: '0' }, [])).toContain('NODE_TLS_REJECT_UNAUTHORIZED=0')
    expect(refusedEnvironment({ NODE_OPTIONS: '--a  --insecure-http-parser' }, [])).toContain('--insecure-http-parser')
    expect(refusedEnvironment({}, ['--insecure-http-parser'])).toContain('--insecure-http-parser')
  })

  it('loses the proxy variables that point at weir, and only those', () => {
    const environment = {
      HTTP_PROXY: 'http://127.0.0.1:9347',
      https_proxy: 'http://localhost:9347/',
      ALL_PROXY: 'socks5://[::1]:9347',
      all_proxy: '127.0.0.1:9347',
      http_proxy: 'http://127.0.0.1:3128',
      HTTPS_PROXY: 'http://proxy.example:9347',
      NO_PROXY: 'localhost',
      PATH: '/bin',
    }
    expect(withoutOwnProxies(environment, new Set([9347]))).toEqual({
      http_proxy: 'http://127.0.0.1:3128',
      HTTPS_PROXY: 'http://proxy.example:9347',
      NO_PROXY: 'localhost',
      PATH: '/bin',
    })
  })
})

describe('a runtime', () => {
  it.each(['22.18.0', '22.23.3', '24.21.0', '24.22.0', '26.12.0', '25.1.0', '23.0.0'])('%s has a known hole', (version) => {
    expect(runtimeWarnings(version)).toEqual([expect.stringContaining('CVE-2026-111497')])
  })

  it.each(['22.23.4', '22.24.0', '24.22.1', '24.23.0', '26.12.1', '27.0.0'])('%s has none', (version) => {
    expect(runtimeWarnings(version)).toEqual([])
  })
})
