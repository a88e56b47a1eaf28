/** Chromium for tests that need a browser: CHROMIUM names it, else PATH, else Debian's place. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type Browser, type BrowserContext, chromium, type LaunchOptions } from 'playwright-core'
import { onTestFinished, vi } from 'vitest'
import { temporaryHome } from './home.ts'

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

const candidates = () => {
  const folders = (process.env.PATH ?? '').split(delimiter)
  return [process.env.CHROMIUM ?? '', ...folders.flatMap((folder) => names.map((name) => join(folder, name))), '/usr/bin/chromium']
}

/** Its path; null (said aloud) when there is none. */
export const chromiumPath: string | null = candidates().find((path) => path !== '' && isExecutable(path)) ?? null
if (chromiumPath === null)
  process.stderr.write('Tests in Chromium are SKIPPED: there is none in PATH; install chromium or name it in the variable CHROMIUM.\n')

/** Closed when the test has finished. It talks to nobody by itself. */
export async function launchChromium(options: LaunchOptions = {}): Promise<Browser> {
  if (chromiumPath === null) throw new Error('there is no Chromium')
  const browser = await chromium.launch({
    executablePath: chromiumPath,
    headless: true,
    args: ['--no-sandbox', '--disable-quic', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
    ...options,
  })
  onTestFinished(() => browser.close())
  return browser
}

/** Of what a test asks of a browser: less than the test has, ms. */
const patienceMs = 60_000

/** Steered by the test, with a debugging endpoint for others. Closed when the test has finished. */
export async function runningChromium(more: string[] = []): Promise<{ context: BrowserContext; endpoint: string }> {
  const profile = await temporaryHome()
  const args = [...debugged, ...more]
  const context = await chromium.launchPersistentContext(profile, { executablePath: chromiumPath as string, headless: true, args })
  onTestFinished(() => context.close())
  context.setDefaultTimeout(patienceMs)
  return { context, endpoint: await vi.waitFor(() => endpointOf(profile)) }
}

const debugged = [
  '--no-sandbox',
  '--remote-debugging-port=0',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Throws while the browser has not said it. */
function endpointOf(profile: string): string {
  const [port = ''] = readFileSync(join(profile, 'DevToolsActivePort'), 'utf8').split('\n')
  if (!/^\d+$/.test(port)) throw new Error(`the port is not there yet: ${port}`)
  return `http://127.0.0.1:${port}`
}

/** As `runningChromium`, with nobody else at its debugging endpoint: whoever is there may let go on what others hold. */
export async function chromiumAlone(more: string[] = []): Promise<{ endpoint: string }> {
  const profile = await temporaryHome()
  const args = ['--headless=new', '--no-first-run', `--user-data-dir=${profile}`, ...debugged, ...more]
  const browser = spawn(chromiumPath as string, args, { stdio: 'ignore' })
  onTestFinished(async () => {
    if (browser.kill('SIGKILL')) await once(browser, 'exit')
  })
  return { endpoint: await vi.waitFor(() => endpointOf(profile)) }
}

/** The process is a Chromium itself, none of its helpers. */
export const isChromium = (pid: number): boolean => {
  try {
    const [program = '', ...words] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
    return program.includes('chrom') && !words.some((word) => word.startsWith('--type='))
  } catch {
    return false
  }
}
