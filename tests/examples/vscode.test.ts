/** The VS Code extension: its editor is a mock, its daemon and its traffic are real. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { Exchange, Session } from '../../sdk/model.ts'
import { weir } from '../support/command-line.ts'
import { environment, startDaemon } from '../support/daemon.ts'
import { temporaryHome } from '../support/home.ts'
import { startOrigin } from '../support/origin.ts'
import { editor, extension, extensionFolder, openEditor } from '../support/vscode-editor.ts'

// Each starts a daemon by a program that starts it, on a busy machine.
vi.setConfig({ testTimeout: 120_000 })

const run = promisify(execFile)
const shownUrls = () => editor.lines('weir.exchanges').map((line) => /\/(\w+) \| /.exec(line)?.[1])

async function startSession(name: string): Promise<(url: string, ...more: string[]) => Promise<string>> {
  editor.inputs.push(name)
  await editor.run('weir.startSession')
  const proxy = /http:\S+$/.exec(editor.information.at(-1) ?? '')?.[0] ?? 'no proxy was named'
  return async (url, ...more) => (await run('curl', ['-sS', '--proxy', proxy, ...more, url])).stdout
}

test('sessions, a live list, exchanges as text, cURL and .http', async () => {
  const env = environment(await temporaryHome())
  await openEditor(env)
  const origin = await startOrigin(
    (request, response) => {
      response.writeHead(request.url === '/missing' ? 404 : 200, { 'Content-Type': 'text/plain; charset=utf-8' })
      response.end(`body of ${request.url}`)
    },
    { tls: false },
  )
  const curl = await startSession('from the editor')
  expect(editor.lines('weir.sessions')[0]).toMatch(/^from the editor \| 127\.0\.0\.1:\d+, 0 exchanges$/)
  await vi.waitFor(() => expect(editor.clipboard).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/))

  await curl(`${origin.url}/one`, '--json', '{"sent":1}', '-H', 'Authorization: Bearer the-secret-of-this-test')
  await curl(`${origin.url}/missing`)
  await vi.waitFor(() =>
    expect(editor.lines('weir.exchanges')).toEqual([
      expect.stringMatching(/^GET http:\S+\/missing \| 404, \d+ ms$/),
      expect.stringMatching(/^POST http:\S+\/one \| 200, \d+ ms$/),
    ]),
  )
  await vi.waitFor(() => expect(editor.lines('weir.sessions')[0]).toContain(', 2 exchanges'))

  const first = editor.element('weir.exchanges', 1)
  await editor.run('weir.showExchange', first)
  expect(editor.shown.text).toContain(`POST ${origin.url}/one HTTP/1.1\nHost: localhost:${origin.port}\n`)
  expect(editor.shown.text).toContain('\n\n{"sent":1}\n\nHTTP/1.1 200 OK\nContent-Type: text/plain; charset=utf-8\n')
  expect(editor.shown.text).toContain('\n\nbody of /one\n')

  await editor.run('weir.copyAsCurl', first)
  expect(editor.clipboard).toContain('/one')
  expect(editor.clipboard).not.toContain('the-secret-of-this-test')
  const again = await run('sh', ['-c', editor.clipboard])
  expect(again.stdout).toContain('body of /one')
  editor.settings.set('redact', 'off')
  onTestFinished(() => void editor.settings.delete('redact'))
  await editor.run('weir.openAsHttp', first)
  expect(editor.shown.language).toBe('http')
  expect(editor.shown.text).toContain(`POST ${origin.url}/one`)
  expect(editor.shown.text).toContain('the-secret-of-this-test')

  await curl(`${origin.url}/odd`, '-X', 'PURGE')
  await vi.waitFor(() => expect(shownUrls()[0]).toBe('odd'))
  await editor.run('weir.openAsHttp', editor.element('weir.exchanges', 0))
  expect(editor.errors.splice(0)).toEqual([expect.stringContaining('cannot be written by the exporter http')])

  editor.inputs.push('status:>=400')
  await editor.run('weir.filter')
  expect(shownUrls()).toEqual(['missing'])
  await curl(`${origin.url}/two`)
  await curl(`${origin.url}/missing`)
  await vi.waitFor(() => expect(shownUrls()).toEqual(['missing', 'missing']))
  editor.inputs.push('staus:200')
  await editor.run('weir.filter')
  expect(editor.verdicts.at(-1)).toContain('did you mean status?')

  await editor.run('weir.stopSession', editor.element('weir.sessions', 0))
  expect(editor.lines('weir.sessions')[0]).toMatch(/^from the editor \| 5 exchanges$/)
  const { id: sessionId } = editor.element('weir.sessions', 0) as Session
  await weir(['rpc', 'session/delete', JSON.stringify({ sessionId })], { env })
  await vi.waitFor(() => expect(editor.lines('weir.sessions')).toEqual([]))
  expect(editor.errors).toEqual([])
  await editor.run('weir.showExchange', { sessionId: 'none', seq: 1 })
  expect(editor.errors).toEqual([expect.stringContaining('weir: ')])
})

test('a document of an exchange that is open goes on with it, and what was captured is shown, not obeyed', async () => {
  await openEditor(environment(await temporaryHome()))
  let finish: () => void = () => undefined
  const origin = await startOrigin(
    (_request, response) => {
      response.writeHead(200, { 'Content-Type': 'text/plain', 'X-Turned': Buffer.from('\u202eevil').toString('latin1') })
      response.write('the beginning,')
      finish = () => response.end(' the end')
    },
    { tls: false },
  )
  const curl = await startSession('open')
  const asking = curl(`${origin.url}/slow`)
  await vi.waitFor(() => expect(editor.lines('weir.exchanges')).toEqual([expect.stringContaining(' | 200, open')]))
  await editor.run('weir.showExchange', editor.element('weir.exchanges', 0))
  await vi.waitFor(() => expect(editor.shown.text).toContain('the beginning,\n# ... more is arriving'))
  finish()
  await asking
  await vi.waitFor(() => expect(editor.shown.text).toContain('the beginning, the end'))
  expect(editor.shown.text).toContain('X-Turned: â\\u0080®evil')
})

test('the list goes on where it was after the daemon was killed, and waits after it was stopped', async () => {
  const { client, pid, env } = await startDaemon()
  const origin = await startOrigin((_request, response) => void response.end('there'), { tls: false })
  await openEditor(env)
  const curl = await startSession('killed')
  await curl(`${origin.url}/before`)
  await vi.waitFor(() => expect(shownUrls()).toEqual(['before']))
  const { sessionId } = editor.element('weir.exchanges', 0) as Exchange

  await client.call('session/stop', { sessionId })
  process.kill(pid, 'SIGKILL')
  // It has started another one.
  await vi.waitFor(() => expect(['lost', 'connecting']).toContain(editor.contexts.get('weir.state')))
  await vi.waitFor(() => expect(editor.contexts.get('weir.state')).toBe('connected'))
  const resumed = await weir(['session', 'resume', 'last', '--json'], { env })
  const { proxy } = JSON.parse(resumed.stdout)
  await run('curl', ['-sS', '--proxy', `http://${proxy.host}:${proxy.port}`, `${origin.url}/after`])
  await vi.waitFor(() => expect(shownUrls()).toEqual(['after', 'before']))

  await weir(['stop'], { env })
  await vi.waitFor(() => expect(editor.contexts.get('weir.state')).toBe('stopped'))
  await editor.run('weir.stopSession', { id: sessionId })
  expect(editor.errors.at(-1)).toBe('weir: the daemon is not connected')
  await editor.run('weir.connect')
  await vi.waitFor(() => expect(editor.contexts.get('weir.state')).toBe('connected'))
})

test('a program that is not there is told of, and tried again', async () => {
  editor.settings.set('command', ['/no/such/program'])
  const subscriptions: { dispose(): void }[] = []
  onTestFinished(() => {
    for (const each of subscriptions) each.dispose()
  })
  extension.activate({ subscriptions })
  await vi.waitFor(() => expect(editor.contexts.get('weir.state')).toBe('lost'))
  expect(editor.statuses.at(-1)).toContain('ENOENT')
  expect(editor.lines('weir.sessions')).toEqual([])
})

test('the manifest and the code name the same commands, views and settings', () => {
  const { contributes } = JSON.parse(readFileSync(join(extensionFolder, 'package.json'), 'utf8'))
  const subscriptions: { dispose(): void }[] = []
  editor.settings.set('command', ['true'])
  onTestFinished(() => {
    for (const each of subscriptions) each.dispose()
  })
  extension.activate({ subscriptions })
  const named = contributes.commands.map(({ command }: { command: string }) => command)
  expect(named.toSorted()).toEqual([...editor.commands.keys()].toSorted())
  expect(contributes.views.weir.map(({ id }: { id: string }) => id).toSorted()).toEqual([...editor.views.keys()].toSorted())
  const menus = Object.values(contributes.menus).flat() as { command: string }[]
  for (const { command } of menus) expect(named).toContain(command)
})
