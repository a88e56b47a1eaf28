/** `weir doctor`: what it finds, and what it says to do. */

import { generateKeyPairSync } from 'node:crypto'
import { chmod, copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { checkDaemon } from '../../daemon/cli/doctor/daemon-check.ts'
import type { Finding } from '../../daemon/cli/doctor/finding.ts'
import { connections, retention } from '../../daemon/cli/doctor/limits-check.ts'
import type { Client } from '../../sdk/client.ts'
import { version } from '../../sdk/version.ts'
import { type Ended, weir } from '../support/command-line.ts'
import { environment, startDaemon } from '../support/daemon.ts'
import { temporaryHome } from '../support/home.ts'

// Each starts a daemon and several commands.
vi.setConfig({ testTimeout: 180_000 })

const findings = ({ stdout }: Ended): Finding[] =>
  stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Finding)

async function examined(daemon: { env: Awaited<ReturnType<typeof startDaemon>>['env'] }) {
  const ended = await weir(['doctor', '--json'], { env: daemon.env })
  const found = findings(ended)
  return { code: ended.code, found, about: (about: string) => found.filter((finding) => finding.about === about) }
}

describe('a home that is well', () => {
  test('gives exit code 0, and each thing that was looked at a line', async () => {
    const { code, found, about } = await examined(await startDaemon())
    expect(found.filter(({ state }) => state === 'problem')).toEqual([])
    expect(code).toBe(0)
    expect([...new Set(found.map((finding) => finding.about))]).toEqual(
      expect.arrayContaining([
        'runtime',
        'open files',
        'daemon',
        'home',
        'disk use',
        'disk room',
        'certificate',
        'CA key',
        'port',
        'retention',
        'proxy',
        'plugins',
      ]),
    )
    expect(about('daemon')).toMatchObject([{ state: 'good', found: expect.stringContaining(version()) }])
    expect(about('CA key')).toMatchObject([{ state: 'good' }])
    expect(about('retention')).toMatchObject([
      { state: 'good', found: expect.stringMatching(/newest 21 GB; all sessions take \d.* without a budget/) },
    ])
    expect(about('proxy')).toMatchObject([{ found: expect.stringContaining('10000 connections of a session at a time') }])
    for (const { state, advice } of found) if (state === 'warning') expect(advice).toMatch(/.{10}/)
  })

  test('is told to people as lines of state, subject and words', async () => {
    const { env } = await startDaemon()
    const { stdout, stderr } = await weir(['doctor'], { env })
    expect(stderr).toBe('')
    expect(stdout).toMatch(/^good {5}daemon {7}weir \d/m)
    expect(stdout).toMatch(/^good {5}home {9}\/.*, for you alone$/m)
  })

  test('needs no daemon that runs: one is started', async () => {
    const env = environment(await temporaryHome())
    onTestFinished(async () => void (await weir(['stop'], { env })))
    expect(await examined({ env })).toMatchObject({ code: 0 })
  })
})

describe('a home that is not', () => {
  test('open to others: it says which mode would do', async () => {
    const daemon = await startDaemon()
    await daemon.client.call('ca/get', {})
    await chmod(daemon.home.folder, 0o755)
    await chmod(daemon.home.caKey, 0o644)
    const { code, about } = await examined(daemon)
    expect(code).toBe(1)
    expect(about('home')).toMatchObject([{ state: 'problem', advice: `chmod 700 ${daemon.home.folder}` }])
    expect(about('CA key')).toMatchObject([{ state: 'problem', advice: expect.stringContaining(`chmod 600 ${daemon.home.caKey}`) }])
  })

  test('with a key that is not that of its certificate', async () => {
    const daemon = await startDaemon()
    await daemon.client.call('ca/get', {})
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    await writeFile(daemon.home.caKey, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
    expect((await examined(daemon)).about('CA key')).toMatchObject([{ state: 'problem', found: expect.stringContaining('not the key') }])
    await copyFile(daemon.home.caCertificate, daemon.home.caKey)
    expect((await examined(daemon)).about('CA key')).toMatchObject([{ state: 'problem', found: expect.stringContaining('cannot be read') }])
  })

  test('with settings by which no daemon starts: it says why, and looks at the rest', async () => {
    const folder = await temporaryHome()
    await writeFile(join(folder, 'config.toml'), 'prots = []\n')
    const { code, about } = await examined({ env: environment(folder) })
    expect(code).toBe(1)
    expect(about('daemon')).toMatchObject([
      { state: 'problem', found: expect.stringContaining('prots'), advice: 'correct that, then weir start' },
    ])
    expect(about('disk room')).toHaveLength(1)
  })

  test('with a plugin that does not load', async () => {
    const folder = await temporaryHome()
    await mkdir(join(folder, 'plugins'))
    await writeFile(join(folder, 'plugins/bad.mjs'), 'export default 7\n')
    await writeFile(join(folder, 'config.toml'), 'plugins = ["plugins/bad.mjs"]\n')
    const { code, about } = await examined(await startDaemon({ folder }))
    expect(code).toBe(1)
    expect(about('plugins').at(-1)).toMatchObject({ state: 'problem', found: expect.stringContaining('bad.mjs') })
  })

  test('that is nearly full, or may have more connections than open files', () => {
    const limits = { sessionBytes: null, diskBytes: 1_000_000, ageDays: 7 }
    expect(retention(limits, 800_000)).toMatchObject({ state: 'good', found: expect.stringContaining('800 kB of 1.0 MB') })
    expect(retention(limits, 950_000)).toMatchObject({ state: 'warning', found: expect.stringContaining('go after 7 days') })
    const proxy = { connections: 5_000, handshakeMs: 15_000, connectMs: 30_000, retention: limits }
    expect(connections(proxy, 10_000)).toMatchObject({ state: 'good' })
    expect(connections(proxy, null)).toMatchObject({ state: 'good' })
    expect(connections(proxy, 4_096)).toMatchObject({ state: 'warning', advice: expect.stringContaining('10000') })
  })

  test('whose daemon is of another version, or had to help itself', async () => {
    const status = { warnings: ['Node 1 is old', 'a warning'], recorder: { restarts: 2 }, proxy: { restarts: 0 } }
    const client = { initialized: { daemon: { version: '9.9.9', pid: 1 } }, call: async () => status } as unknown as Client
    expect(await checkDaemon({} as never, client)).toMatchObject([
      { about: 'daemon', state: 'warning', found: expect.stringContaining('9.9.9'), advice: expect.stringContaining('weir stop') },
      { about: 'recorder', state: 'warning', found: expect.stringContaining('2 times') },
      { about: 'daemon', state: 'warning', found: 'a warning' },
    ])
  })
})
