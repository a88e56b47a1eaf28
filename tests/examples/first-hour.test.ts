/**
 * The first hour of somebody new, in an account of their own where nothing is set: capture a command, watch it in the viewer, wait for a request
 * from Python, write and load an exporter, see the session in the editor. Each part has tests of its own; that they find each other has this one.
 */
import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { chromiumPath, launchChromium } from '../support/chromium.ts'
import { startWeir, weir } from '../support/command-line.ts'
import { environment } from '../support/daemon.ts'
import { temporaryHome } from '../support/home.ts'
import { startOrigin } from '../support/origin.ts'
import { snippets } from '../support/snippets.ts'
import { getThrough } from '../support/through-proxy.ts'
import { toolPath } from '../support/tool.ts'
import { viewerUrl } from '../support/viewer.ts'
import { editor, openEditor } from '../support/vscode-editor.ts'

const client = join(import.meta.dirname, '../../examples/clients/wait.py')
const python = toolPath('python3', 'python3')
const missing = [chromiumPath === null && 'Chromium', python === null && 'Python'].filter(Boolean).join(' and ')

/** As a new account has it: HOME, and no word of weir. */
async function newAccount() {
  const account = await temporaryHome()
  const unset = ['WEIR_HOME', 'WEIR_SOCKET', 'XDG_DATA_HOME', 'XDG_CONFIG_HOME', 'XDG_STATE_HOME', 'XDG_CACHE_HOME', 'XDG_RUNTIME_DIR']
  const env = { ...environment(account), HOME: account, ...Object.fromEntries(unset.map((name) => [name, undefined])) }
  onTestFinished(async () => void (await weir(['stop'], { env })))
  const said = async (...words: string[]): Promise<string> => {
    const { code, stdout, stderr } = await weir(words, { env, cwd: account })
    expect({ words, code, stderr: code === 0 ? '' : stderr }).toEqual({ words, code: 0, stderr: '' })
    return stdout
  }
  return { env, said }
}

test.skipIf(missing !== '')(
  `what the README names finds each other in a new account${missing && ` (skipped: there is no ${missing})`}`,
  { timeout: 180_000 },
  async () => {
    const { env, said } = await newAccount()
    const origin = await startOrigin((request, response) => void response.end(`hello from ${request.url}`), { tls: false })

    await said('capture', '--name', 'first', '--port', '0', '--', 'curl', '-sS', `${origin.url}/hello`)
    expect(await said('ls', 'first')).toContain('/hello')

    const capture = startWeir(['capture', '--name', 'second', '--port', '0'], { env })
    const [, port] = await capture.prints(/127\.0\.0\.1:(\d+)/)
    const page = await (await launchChromium()).newPage()
    await page.goto(await viewerUrl({ env }, 'second'))
    await page.locator('body[data-connection=open]').waitFor()
    await getThrough(Number(port), `${origin.url}/watched`)
    await page.locator('.canvas [role=row]', { hasText: '/watched' }).waitFor()

    const script = spawn('python3', [client, 'path:/wanted state:complete'], { env, stdio: ['ignore', 'pipe', 'inherit'] })
    onTestFinished(() => void script.kill('SIGKILL'))
    let heard = ''
    script.stdout.setEncoding('utf8').on('data', (piece: string) => {
      heard += piece
    })
    const over = new Promise((resolve) => script.once('close', resolve))
    await vi.waitFor(() => expect(heard).toMatch(/:\d+\n/))
    await getThrough(Number(/:(\d+)\n/.exec(heard)?.[1]), `${origin.url}/wanted`)
    expect(await over).toBe(0)
    expect(heard).toContain('hello from /wanted')

    const configuration = /^config +(\S+)/m.exec(await said('status'))?.[1] ?? 'status names no configuration'
    mkdirSync(join(dirname(configuration), 'plugins'), { recursive: true })
    const urls = snippets.find(({ text }) => text.startsWith('// urls.mjs'))
    writeFileSync(join(dirname(configuration), 'plugins/urls.mjs'), urls?.text ?? '')
    writeFileSync(configuration, 'plugins = ["plugins/urls.mjs"]\n')
    await vi.waitFor(async () => expect(await said('plugin', 'list')).toContain('One URL a line'))
    expect(await said('export', 'first', 'urls')).toBe(`${origin.url}/hello\n`)

    await openEditor(env)
    const names = () => editor.lines('weir.sessions').map((line) => line.split(' | ')[0])
    await vi.waitFor(() => expect(names()).toEqual(['wait.py', 'second', 'first']))
    await editor.run('weir.showSession', editor.element('weir.sessions', 2))
    await vi.waitFor(() => expect(editor.lines('weir.exchanges')).toEqual([expect.stringContaining('/hello | 200')]))
    expect(editor.errors).toEqual([])
  },
)
