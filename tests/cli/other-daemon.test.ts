/** Commands that meet a daemon of another version of the protocol: each says so and what to do, and what it says to do works. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { weir } from '../support/command-line.ts'
import { environment } from '../support/daemon.ts'
import { temporaryHome } from '../support/home.ts'

test('is told by every command, and ended by weir stop', async () => {
  const home = await temporaryHome()
  const env = environment(home)
  const program = join(import.meta.dirname, '../support/other-daemon.ts')
  const daemon = spawn(process.execPath, [program, join(home, 'weir.sock')], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(daemon, 'exit')
  onTestFinished(() => void daemon.kill('SIGKILL'))
  await once(daemon.stdout, 'data')
  for (const words of [['sessions'], ['status']]) {
    const { code, stderr } = await weir(words, { env })
    expect(code, words.join(' ')).toBe(3)
    expect(stderr).toMatch(/^weir: weir 9\.1\.0 runs \(pid \d+\) and speaks version 2 of the protocol.* end it \(weir stop\)/)
  }
  expect(await weir(['stop'], { env })).toMatchObject({ code: 0, stdout: 'weir has stopped\n', stderr: '' })
  expect(await ended).toEqual([0, null])
  expect((await weir(['stop'], { env })).stdout).toBe('weir was not running\n')
})
