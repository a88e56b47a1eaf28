/** A Chromium of somebody else's that runs, with a debugging endpoint, for weir to attach to. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type BrowserContext, chromium } from 'playwright-core'
import { expect, onTestFinished, vi } from 'vitest'
import { keyHash } from './certificates.ts'
import { chromiumPath } from './chromium.ts'
import { temporaryHome } from './home.ts'

const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-quic']

/** On whichever port it finds. Closed when the test has finished. @param through a session's proxy, and the file of the CA that it trusts then */
export async function browserWithEndpoint(through?: { port: number; ca: string }): Promise<{ context: BrowserContext; endpoint: string }> {
  const profile = await temporaryHome()
  const proxied = through
    ? [
        `--proxy-server=http://127.0.0.1:${through.port}`,
        '--proxy-bypass-list=<-loopback>',
        `--ignore-certificate-errors-spki-list=${keyHash(readFileSync(through.ca, 'utf8'))}`,
      ]
    : []
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: chromiumPath as string,
    headless: true,
    args: ['--no-sandbox', '--remote-debugging-port=0', ...quiet, ...proxied],
  })
  onTestFinished(() => context.close())
  context.setDefaultTimeout(60_000)
  const port = await vi.waitFor(() => {
    const [said = ''] = readFileSync(join(profile, 'DevToolsActivePort'), 'utf8').split('\n')
    expect(said).toMatch(/^\d+$/)
    return said
  })
  return { context, endpoint: `http://127.0.0.1:${port}` }
}
