/** The daemon as a process: started, stopped, killed, and what is there afterwards. */
import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it, vi } from 'vitest'
import { drainMs } from '../../daemon/session/session-manager.ts'
import type { Client } from '../../sdk/client.ts'
import { startDaemon as startProcess } from '../../sdk/daemon-process.ts'
import type { WeirError } from '../../sdk/errors.ts'
import { homeAt } from '../../sdk/home.ts'
import { environment, startDaemon } from '../support/daemon.ts'
import { temporaryHome } from '../support/home.ts'
import { startOrigin } from '../support/origin.ts'
import { rawClient } from '../support/raw-client.ts'
import { getThrough } from '../support/through-proxy.ts'

const lives = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
const openFilesOf = (pid: string): string[] => readdirSync(`/proc/${pid}/fd`).map((name) => readlinkSync(`/proc/${pid}/fd/${name}`))

const linesOf = (file: string) =>
  readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { level: string; msg: string; time: string; pid: number })

const gone = (pid: number) => vi.waitFor(() => expect(lives(pid)).toBe(false))

const origin = () =>
  startOrigin(
    (request, response) => void (request.url?.startsWith('/never') ? response.write('begun') : response.end(`body of ${request.url}`)),
    {
      tls: false,
    },
  )

async function sessionWithOpenExchange(client: Client) {
  const { url } = await origin()
  const session = await client.call('session/start', {})
  const port = session.proxy?.port ?? 0
  await getThrough(port, `${url}/done`)
  const broken = getThrough(port, `${url}/never`).catch(() => 'broken')
  await vi.waitFor(async () => {
    const { items } = await client.call('exchange/list', { sessionId: session.id })
    expect(items.map(({ state }) => state)).toEqual(['complete', 'open'])
  })
  return { session, broken, url, port }
}

describe('a stop', () => {
  it('on request answers once all is on disk, then frees the home', async () => {
    const { client, home, pid, env } = await startDaemon()
    const { session, broken } = await sessionWithOpenExchange(client)
    const willStop = new Promise((resolve) => client.on('daemon/willStop', resolve))
    const startedAt = performance.now()
    // Though one exchange never ends: ten times what it is given, for a machine that is busy.
    await client.call('daemon/stop', {})
    expect(performance.now() - startedAt).toBeLessThan(10 * drainMs)
    await willStop
    await client.closed
    expect(await broken).toBe('broken')
    await gone(pid)
    expect([existsSync(home.socket), existsSync(`${session.file}-wal`)]).toEqual([false, false])
    const next = await startDaemon({ folder: home.folder, env })
    const found = await next.client.call('session/get', { sessionId: session.id })
    expect(found).toMatchObject({ state: 'stopped', counts: { exchanges: 2 } })
    const { items } = await next.client.call('exchange/list', { sessionId: session.id })
    expect(items).toMatchObject([{ state: 'complete' }, { state: 'aborted', error: { reason: 'daemonStopped' } }])
  })

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('on %s is in order, too', async (signal) => {
    const { client, home, pid } = await startDaemon()
    const session = await client.call('session/start', {})
    process.kill(pid, signal)
    await client.closed
    await gone(pid)
    expect([existsSync(home.socket), existsSync(`${session.file}-wal`)]).toEqual([false, false])
  })

  it('on a second signal does not wait for traffic', async () => {
    const { client, home, pid } = await startDaemon()
    const { broken, session } = await sessionWithOpenExchange(client)
    const willStop = new Promise((resolve) => client.on('daemon/willStop', resolve))
    process.kill(pid, 'SIGTERM')
    await willStop
    process.kill(pid, 'SIGTERM')
    await gone(pid)
    expect(await broken).toBe('broken')
    // By the daemon's own clock: how soon its process is gone hangs on how busy the machine is.
    const began = linesOf(home.log).find(({ msg }) => msg === 'weir stops')?.time ?? ''
    const database = new DatabaseSync(session.file, { readOnly: true })
    const { ended } = database.prepare('select max(started_at + duration_ms) as ended from v1_exchange').get() as { ended: number }
    database.close()
    expect(ended - Date.parse(began)).toBeLessThan(drainMs)
  })

  it('refuses what comes meanwhile', async () => {
    const daemon = await startDaemon()
    await sessionWithOpenExchange(daemon.client)
    const other = await daemon.connect()
    const stopped = daemon.client.call('daemon/stop', {})
    await new Promise((resolve) => other.on('daemon/willStop', resolve))
    const error = await other.call('session/start', {}).catch((reason: WeirError) => reason)
    expect(error).toMatchObject({ code: 1005, reason: 'daemonStopping' })
    await stopped
  })
})

describe('a daemon that is killed', () => {
  it('leaves sessions that the next one repairs', async () => {
    const { client, home, pid, env } = await startDaemon()
    const { session, url, port } = await sessionWithOpenExchange(client)
    process.kill(pid, 'SIGKILL')
    await gone(pid)
    const next = await startDaemon({ folder: home.folder, env })
    const found = await next.client.call('session/get', { sessionId: session.id })
    expect(found).toMatchObject({ state: 'stopped', proxy: null })
    const { items } = await next.client.call('exchange/list', { sessionId: session.id })
    expect(items).toMatchObject([
      { state: 'complete', request: { url: `${url}/done` } },
      { state: 'aborted', error: { reason: 'daemonKilled' } },
    ])
    const database = new DatabaseSync(session.file, { readOnly: true })
    expect(database.prepare('pragma integrity_check').all()).toEqual([{ integrity_check: 'ok' }])
    expect(database.prepare('select reason from v1_gap').all()).toEqual([{ reason: 'daemonKilled' }])
    database.close()
    const resumed = await next.client.call('session/resume', { sessionId: session.id })
    expect(resumed.proxy?.port).toBe(port)
    await getThrough(port, `${url}/again`)
    await next.client.call('session/stop', { sessionId: session.id })
    expect((await next.client.call('session/get', { sessionId: session.id })).counts.exchanges).toBe(3)
  })
})

describe('a start', () => {
  const refusal = async (env: object, folder?: string): Promise<WeirError> => {
    const home = homeAt(folder ?? (await temporaryHome()))
    return startProcess({ home, env: environment(home.folder, { ...env }) }).then(
      () => Promise.reject(new Error('it started')),
      (error: WeirError) => error,
    )
  }

  it('is refused where the environment switches off verification or strict parsing', async () => {
    expect(await refusal({ NODE_TLS_REJECT_UNAUTHORIZED: '0' })).toMatchObject({
      reason: 'environmentRefused',
      message: expect.stringContaining('NODE_TLS_REJECT_UNAUTHORIZED'),
    })
    expect(await refusal({ NODE_OPTIONS: '--insecure-http-parser' })).toMatchObject({
      reason: 'environmentRefused',
      message: expect.stringContaining('--insecure-http-parser'),
    })
  })

  it('is refused with a configuration that is not understood, and says what and where', async () => {
    const folder = await temporaryHome()
    const file = join(folder, 'config.toml')
    writeFileSync(file, '[proxy]\nconections = 5\n')
    const error = await refusal({}, folder)
    expect([error.code, error.reason, error.message]).toEqual([
      1005,
      'configInvalid',
      `${file}: proxy.conections is not known here; correct it and start weir again`,
    ])
  })

  it('in the foreground prints where it answers, and the reason when it does not', async () => {
    const env = environment(await temporaryHome()) as NodeJS.ProcessEnv
    const child = spawn(process.execPath, ['daemon/weir.js', 'daemon'], { env, stdio: ['ignore', 'ignore', 'pipe'] })
    const said = await new Promise<string>((resolve) => child.stderr.once('data', (chunk) => resolve(String(chunk))))
    expect(said).toContain(join(env.WEIR_HOME ?? '', 'weir.sock'))
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGINT')
    expect(await ended).toBe(0)
  })

  it('keeps nothing open that its starter had open', async () => {
    const { home, env } = await startDaemon()
    const other = { ...env, WEIR_HOME: await temporaryHome() }
    // A pipe on a high descriptor, as process substitution in a shell makes it.
    const script = `exec 63>&1; "${process.execPath}" -e '
      import("${join(import.meta.dirname, '../../sdk/daemon-process.ts')}").then(async ({ startDaemon }) => {
        process.stderr.write(String((await startDaemon()).pid)) })'`
    const shell = spawn('bash', ['-c', script], { env: other as NodeJS.ProcessEnv, stdio: ['ignore', 'pipe', 'pipe'] })
    let pid = ''
    shell.stderr.on('data', (chunk) => (pid += chunk))
    const outputEnded = new Promise<boolean>((resolve) => shell.stdout.resume().once('end', () => resolve(true)))
    expect(await outputEnded).toBe(true)
    expect(lives(Number(pid))).toBe(true)
    // A module that a starting thread reads is open for a moment; what was inherited stays.
    await vi.waitFor(() => {
      const targets = openFilesOf(pid).filter((target) => target.startsWith('/') && !target.startsWith(other.WEIR_HOME))
      expect(targets.filter((target) => target !== '/dev/null')).toEqual([])
    })
    process.kill(Number(pid), 'SIGTERM')
    await gone(Number(pid))
    expect(home.folder).not.toBe(other.WEIR_HOME)
  })

  it('is not made to open an inspector by SIGUSR1', async () => {
    const { client, home, pid } = await startDaemon()
    process.kill(pid, 'SIGUSR1')
    expect((await client.call('daemon/status', {})).pid).toBe(pid)
    expect(readFileSync(home.log, 'utf8')).not.toMatch(/debugger/i)
  })
})

describe('daemon/status', () => {
  it('says how it is, and warns of a runtime with known holes', async () => {
    const { client, home, pid } = await startDaemon()
    const status = await client.call('daemon/status', {})
    expect(status).toMatchObject({
      pid,
      home: home.folder,
      node: process.versions.node,
      proxy: { running: false, connections: 0, restarts: 0 },
    })
    expect(status.memory.rssBytes).toBeGreaterThan(10_000_000)
    if (process.versions.node === '24.21.0') expect(status.warnings).toEqual([expect.stringContaining('CVE-2026-111497')])
    await client.call('session/start', {})
    expect((await client.call('daemon/status', {})).proxy.running).toBe(true)
  })
})

describe('the log', () => {
  it('is JSON lines and holds nothing of what passed', async () => {
    const { client, home, pid } = await startDaemon()
    const session = await client.call('session/start', {})
    const { port } = await startOrigin((_request, response) => void response.end('canary-body'), { tls: false })
    await getThrough(session.proxy?.port ?? 0, `http://localhost:${port}/path?secret=canary-query`)
    await getThrough(session.proxy?.port ?? 0, 'http://localhost:1/?secret=canary-query')
    const raw = await rawClient(home.socket)
    raw.socket.write('Content-Length: 20\r\n\r\n{"canary": canary-x}')
    await raw.ended
    await client.call('daemon/stop', {})
    await gone(pid)
    const log = readFileSync(home.log, 'utf8')
    expect(log).not.toContain('canary')
    const lines = linesOf(home.log)
    expect(lines.map(({ msg }) => msg)).toEqual(expect.arrayContaining(['weir answers', 'weir stops', 'weir has stopped']))
    // What takes longer to stop than it should, on a machine that is busy, is one.
    const running = lines.slice(
      0,
      lines.findIndex(({ msg }) => msg === 'weir stops'),
    )
    expect(running.filter(({ level }) => level === 'error')).toEqual([])
  })
})
