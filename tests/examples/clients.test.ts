/** Clients without an SDK, in several languages, each of which waits for a request and reads its response. */
import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startDaemon } from '../support/daemon.ts'
import { temporaryHome } from '../support/home.ts'
import { startOrigin } from '../support/origin.ts'
import { getThrough } from '../support/through-proxy.ts'
import { toolPath } from '../support/tool.ts'

const root = join(import.meta.dirname, '../..')
const example = (name: string): string => join(root, 'examples/clients', name)

/** What runs each; null: its tool is not here. Made once the test has begun, for compilers take their time. */
const clients: { [name: string]: (() => Promise<[program: string, ...words: string[]]>) | null } = {
  'wait.ts': async () => [process.execPath, example('wait.ts')],
  'wait.py': toolPath('python3', 'python3') ? async () => ['python3', example('wait.py')] : null,
  'wait.sh': toolPath('bash', 'bash') && toolPath('jq', 'jq') ? async () => ['bash', example('wait.sh')] : null,
  'wait.go': toolPath('go', 'golang-go') ? async () => [await compiled('go', 'build', '-o', 'wait', example('wait.go'))] : null,
  'wait.rs': toolPath('rustc', 'rustc') ? async () => [await compiled('rustc', '-D', 'warnings', '-o', 'wait', example('wait.rs'))] : null,
}

/** Its program, made where nothing else lies. */
async function compiled(compiler: string, ...words: string[]): Promise<string> {
  const folder = await temporaryHome()
  const env = { GOCACHE: join(folder, 'cache'), GOFLAGS: '-mod=mod', ...process.env }
  const { status, stderr } = spawnSync(compiler, words, { cwd: folder, env, encoding: 'utf8' })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  return join(folder, 'wait')
}

const text = 'the answer: "ü", \\ and 🙂\nin two lines'

for (const [name, command] of Object.entries(clients)) {
  test.skipIf(command === null)(
    `${name} finds the exchange that it waits for${command === null ? ' (skipped: its tool is not installed)' : ''}`,
    { timeout: 180_000 },
    async () => {
      const { client, env } = await startDaemon()
      const origin = await startOrigin(
        (_request, response) => void response.writeHead(202, { 'Content-Type': 'text/plain; charset=utf-8' }).end(text),
        { tls: false },
      )
      const [program, ...words] = await (command as NonNullable<typeof command>)()
      const weir = `${process.execPath} ${join(root, 'daemon/weir.js')}`
      const child = spawn(program, [...words, 'path:/wanted state:complete'], {
        env: { ...env, WEIR: weir },
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      onTestFinished(() => void child.kill('SIGKILL'))
      let said = ''
      const proxied = new Promise<string>((resolve) => {
        child.stdout.setEncoding('utf8').on('data', (piece: string) => {
          said += piece
          const port = /^proxy http:\/\/127\.0\.0\.1:(\d+)\n/.exec(said)?.[1]
          if (port !== undefined) resolve(port)
        })
      })
      const ended = new Promise((resolve) => child.once('close', resolve))
      const port = Number(await Promise.race([proxied, ended]))
      await getThrough(port, `${origin.url}/other`)
      await getThrough(port, `${origin.url}/wanted?a=1`)
      expect(await ended).toBe(0)
      expect(said).toBe(`proxy http://127.0.0.1:${port}\n2 GET ${origin.url}/wanted?a=1 202\n${text}\n`)
      expect((await client.call('session/list', {})).items).toMatchObject([{ state: 'stopped' }])
    },
  )
}
