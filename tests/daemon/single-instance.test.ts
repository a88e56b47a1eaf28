/** One daemon per home: who wins, who loses, and what a dead one leaves behind. */
import { spawn } from 'node:child_process'
import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { chmod, mkdir } from 'node:fs/promises'
import { createConnection, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { becomeInstance, type Instance, prepareHome } from '../../daemon/single-instance.ts'
import { connect } from '../../sdk/client.ts'
import { startDaemon as startProcess } from '../../sdk/daemon-process.ts'
import { homeAt } from '../../sdk/home.ts'
import { keepOutcome, sizeOf, timeoutOf } from '../soak/size.ts'
import { environment, startDaemon } from '../support/daemon.ts'
import { temporaryHome } from '../support/home.ts'

const mode = (path: string): number => statSync(path).mode & 0o777

const accepts = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createConnection({ path }, () => resolve(true))
    socket.on('error', () => resolve(false))
    onTestFinished(() => void socket.destroy())
  })

async function contend(folder: string): Promise<{ server: Server; instance: Instance | null; reason?: string }> {
  const server = createServer((socket) => socket.on('error', () => socket.destroy()))
  onTestFinished(() => void server.close())
  try {
    return { server, instance: await becomeInstance(homeAt(folder), server) }
  } catch (error) {
    return { server, instance: null, reason: (error as { reason: string }).reason }
  }
}

describe('of many that start at once', () => {
  it('one becomes the daemon, round after round, on what the one before left behind', { timeout: timeoutOf(60_000) }, async () => {
    const folder = await temporaryHome()
    prepareHome(homeAt(folder))
    const rounds = sizeOf(20, 1_000)
    for (let round = 0; round < rounds; round++) {
      const contenders = await Promise.all(Array.from({ length: 8 }, () => contend(folder)))
      const winners = contenders.filter(({ instance }) => instance !== null)
      expect(winners).toHaveLength(1)
      expect(new Set(contenders.map(({ reason }) => reason))).toEqual(new Set([undefined, 'daemonRunning']))
      expect(await accepts(join(folder, 'weir.sock'))).toBe(true)
      // Every other round it dies without a word: the socket stays, and nobody listens.
      if (round % 2 === 0) winners[0]?.instance?.release()
      await new Promise((resolve) => winners[0]?.server.close(resolve))
    }
    expect(readdirSync(folder).filter((name) => name.startsWith('.'))).toHaveLength(1)
    keepOutcome({
      promise: 15,
      check: 'doubleStart',
      ran: `${rounds} rounds of 8 that start at once in one home, on a dead socket every other time`,
      result: 'one winner in each, the others were told that a daemon runs',
    })
  })

  it('processes agree on one, and the others say who it is', async () => {
    const folder = await temporaryHome()
    const env = environment(folder)
    const home = homeAt(folder)
    const starts = await Promise.all(Array.from({ length: 4 }, () => startProcess({ home, env, timeoutMs: 60_000 })))
    const started = starts.filter((start) => start.started)
    expect(started).toHaveLength(1)
    const pid = started[0]?.pid as number
    onTestFinished(() => void process.kill(pid, 'SIGKILL'))
    const client = await connect({ home })
    expect(client.initialized.daemon.pid).toBe(pid)
    await client.close()
  })
})

describe('a second daemon on the same home', () => {
  it('says so and leaves the first alone', async () => {
    const { home, env, pid } = await startDaemon()
    expect(await startProcess({ home, env })).toMatchObject({ started: false })
    const foreground = spawn(process.execPath, ['daemon/weir.js', 'daemon'], {
      env: env as NodeJS.ProcessEnv,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let said = ''
    foreground.stderr.on('data', (chunk) => (said += chunk))
    const code = await new Promise((resolve) => foreground.on('close', resolve))
    expect([code, said]).toEqual([1, expect.stringContaining('already runs')])
    expect((await connect({ home })).initialized.daemon.pid).toBe(pid)
  })
})

describe('the home', () => {
  it('is private, and so are the socket and the log, under a umask of 000', async () => {
    const folder = await temporaryHome()
    await chmod(folder, 0o777)
    const mask = process.umask(0)
    try {
      const { home, client } = await startDaemon({ folder })
      await client.call('session/start', {})
      const modes = [home.folder, home.sessions, home.socket, home.log, home.caKey].map(mode)
      expect(modes).toEqual([0o700, 0o700, 0o600, 0o600, 0o600])
    } finally {
      process.umask(mask)
    }
  })

  it('may hold a socket that nobody listens on, or a file of that name', async () => {
    const folder = await temporaryHome()
    writeFileSync(join(folder, 'weir.sock'), '')
    const { client } = await startDaemon({ folder })
    expect(client.initialized.protocol).toBe(1)
  })

  it('with a path too long for a socket has it elsewhere, in a private folder', async () => {
    const folder = join(await temporaryHome(), 'x'.repeat(100))
    await mkdir(folder)
    const { home, client } = await startDaemon({ folder })
    expect(Buffer.byteLength(home.socket)).toBeLessThan(104)
    expect(mode(home.socketFolder as string)).toBe(0o700)
    expect(mode(home.socket)).toBe(0o600)
    expect((await client.call('daemon/status', {})).home).toBe(folder)
  })
})

describe('a home that cannot be made', () => {
  it.each(['/proc/nope', '/proc/nope/deeper', '/dev/null/home'])('%s is refused with what to do', async (folder) => {
    const refused = { code: 1005, reason: 'homeNotWritable', message: expect.stringMatching(/WEIR_HOME/) as string }
    expect(() => prepareHome(homeAt(folder))).toThrow(expect.objectContaining(refused) as Error)
    await expect(startProcess({ home: homeAt(folder), env: environment(folder) })).rejects.toMatchObject(refused)
  })
})
