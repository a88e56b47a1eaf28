/** A plugin that is busy for ever does not outlive a daemon that was killed. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { startDaemon } from '../support/daemon.ts'
import { temporaryHome } from '../support/home.ts'
import { isRunning } from '../support/running.ts'
import { exporterSource, writeModule } from './plugin-module.ts'

const patience = { timeout: 20_000 }

it.skipIf(process.platform === 'win32')(
  'an exporter in an endless loop ends with the daemon, and takes its unfinished file with it',
  async () => {
    const folder = await temporaryHome()
    const mark = join(folder, 'pid')
    const loop = `out.write('begun'); writeFileSync(${JSON.stringify(mark)}, process.pid + '.'); for (;;);`
    writeModule(folder, 'loops.mjs', exporterSource('loops', loop))
    writeFileSync(join(folder, 'config.toml'), 'plugins = ["loops.mjs"]\n')
    const { client, pid } = await startDaemon({ folder })
    const { id } = await client.call('session/start', { proxy: null })
    const files = await temporaryHome()
    const run = client
      .call('exporter/run', { sessionId: id, exporter: 'loops', out: join(files, 'out.txt') })
      .catch((error: unknown) => error)
    const exporter = await vi.waitFor(() => {
      // The file is there a moment before its content is.
      expect(readFileSync(mark, 'utf8')).toMatch(/^\d+\.$/)
      return Number.parseInt(readFileSync(mark, 'utf8'), 10)
    }, patience)
    expect(isRunning(exporter)).toBe(true)
    expect(readdirSync(files)).toHaveLength(1)
    process.kill(pid, 'SIGKILL')
    await vi.waitFor(() => expect(isRunning(exporter)).toBe(false), patience)
    expect(readdirSync(files)).toEqual([])
    expect(readdirSync(join(folder, 'plugins/.scratch'))).toEqual([])
    expect(await run).toMatchObject({ reason: 'connectionLost' })
  },
)
