/** The examples that follow a session: killed and started again, they end with exactly what the session holds. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { startDaemon } from '../support/daemon.ts'
import { temporaryHome } from '../support/home.ts'
import { startOrigin } from '../support/origin.ts'
import { getThrough } from '../support/through-proxy.ts'

const scripts = {
  'follow.py': [spawnSync('python3', ['--version']).status === 0 ? 'python3' : null, 'examples/follow/follow.py'],
  'follow.ts': [process.execPath, 'examples/follow/follow.ts'],
} as const

for (const [name, [program, script]] of Object.entries(scripts)) {
  test.skipIf(program === null)(`${name}${program === null ? ' (skipped: its runtime is not installed)' : ''}`, async () => {
    const { client, env } = await startDaemon()
    const origin = await startOrigin((request, response) => void response.end(`body of ${request.url}`), { tls: false })
    const session = await client.call('session/start', {})
    const file = join(await temporaryHome(), 'followed')
    const start = (): ChildProcess => {
      const child = spawn(program as string, [join(import.meta.dirname, '../..', script), session.id, file], {
        env,
        stdio: ['ignore', 'inherit', 'inherit'],
      })
      onTestFinished(() => void child.kill('SIGKILL'))
      return child
    }
    /** The last state of each exchange, as the script told it. */
    const followed = () => {
      const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []
      const entries = lines.filter((line) => /^\d+ /.test(line)).map((line) => line.split(' ') as [string, string, string])
      return Object.fromEntries(entries.map(([seq, state, url]) => [seq, `${state} ${url}`]))
    }
    let child = start()
    for (let n = 1; n <= 30; n++) {
      await getThrough(session.proxy?.port ?? 0, `${origin.url}/${n}`)
      if (n % 10 !== 0) continue
      child.kill('SIGKILL')
      child = start()
    }
    await client.call('session/stop', { sessionId: session.id })
    const { items } = await client.call('exchange/list', { sessionId: session.id })
    expect(items).toHaveLength(30)
    const all = Object.fromEntries(items.map(({ seq, state, request }) => [String(seq), `${state} ${request.url}`]))
    await vi.waitFor(() => expect(followed()).toEqual(all))
  })
}
