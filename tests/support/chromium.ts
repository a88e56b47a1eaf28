/** Chromium for tests that need a browser: CHROMIUM names it, else PATH, else Debian's place. */
import { accessSync, constants, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type Browser, type BrowserContext, chromium, type LaunchOptions } from 'playwright-core'
import { onTestFinished } from 'vitest'
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

/** Steered by the test, with a debugging endpoint for others. Closed when the test has finished. */
export async function runningChromium(more: string[] = []): Promise<{ context: BrowserContext; endpoint: string }> {
  const profile = await temporaryHome()
  const args = [
    '--no-sandbox',
    '--remote-debugging-port=0',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    ...more,
  ]
  const context = await chromium.launchPersistentContext(profile, { executablePath: chromiumPath as string, headless: true, args })
  onTestFinished(() => context.close())
  const [port] = readFileSync(join(profile, 'DevToolsActivePort'), 'utf8').split('\n')
  return { context, endpoint: `http://127.0.0.1:${port}` }
}
