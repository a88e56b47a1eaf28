/** The viewer in a real Chromium, opened as `weir open` opens it. */
import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import type { Client } from '../../sdk/client.ts'
import { jsonlVersion } from '../../sdk/jsonl.ts'
import { type ExchangeChange, testExchange } from '../../sdk/testing.ts'
import { launchChromium } from './chromium.ts'
import { weir } from './command-line.ts'
import type { RunningDaemon } from './daemon.ts'
import { temporaryHome } from './home.ts'

export interface OpenViewer extends RunningDaemon {
  page: Page
  /** What the page complained about, and what it asked others than weir for. */
  faults: string[]
  url: string
}

interface PageOptions {
  colorScheme?: 'light' | 'dark'
  width?: number
  height?: number
}

/** What `weir open` says; it opens nothing. */
export async function viewerUrl({ env }: Pick<RunningDaemon, 'env'>, ...words: string[]): Promise<string> {
  const { stdout, stderr } = await weir(['open', ...words, '--no-browser'], { env })
  const url = /^http:\S+$/m.exec(stdout)?.[0]
  if (url === undefined) throw new Error(`weir open said no URL: ${stderr}`)
  return url
}

/** Shows a session, or the newest. */
export async function openViewer(daemon: RunningDaemon, session = 'last', options: PageOptions = {}): Promise<OpenViewer> {
  const url = await viewerUrl(daemon, session)
  const { colorScheme = 'light', width = 1280, height = 720 } = options
  const page = await (await launchChromium()).newPage({ colorScheme, viewport: { width, height } })
  // Less than a test has, so that it says what it waited for.
  page.setDefaultTimeout(45_000)
  const faults: string[] = []
  page.on('request', (request) => {
    if (!request.url().startsWith(new URL(url).origin) && !request.url().startsWith('blob:')) faults.push(`asked for ${request.url()}`)
  })
  page.on('console', (message) => faults.push(message.text()))
  page.on('pageerror', (error) => faults.push(error.message))
  page.on('dialog', (dialog) => faults.push(`dialog ${dialog.message()}`))
  await page.goto(url)
  await page.locator('body[data-connection=open]').waitFor()
  return { ...daemon, page, faults, url }
}

/** A stopped session with these exchanges, the first of which is seq 1; with their bodies and messages. */
export async function importExchanges(client: Client, name: string, changes: Iterable<ExchangeChange>): Promise<string> {
  const path = join(await temporaryHome(), 'exchanges.jsonl')
  const file = openSync(path, 'w')
  let seq = 0
  for (const change of changes) {
    seq++
    const { bodies, received, ...exchange } = testExchange({ startedAt: 1_700_000_000_000 + seq * 7, ...change, seq })
    const written = (bytes: Uint8Array | null | undefined) =>
      bytes?.length ? { base64: Buffer.from(bytes).toString('base64') } : undefined
    const all = { request: written(received?.request ?? bodies.request), response: written(received?.response ?? bodies.response) }
    writeSync(file, `${JSON.stringify({ weir: jsonlVersion, ...exchange, bodies: all })}\n`)
  }
  closeSync(file)
  const { sessionId } = await client.call('importer/run', { path, name })
  return sessionId
}

/** The seqs of the rows that are in sight, from top to bottom. */
export const shownSeqs = (page: Page): Promise<number[]> =>
  page.evaluate(`(() => {
    const box = document.querySelector('.scroller').getBoundingClientRect()
    const isSeen = (row) => {
      const { top, bottom } = row.getBoundingClientRect()
      return top >= box.top - 1 && bottom <= box.bottom + 1
    }
    const rows = [...document.querySelectorAll('.canvas [role=row]:not(.coming)')].filter(isSeen)
    return rows.map((row) => Number(row.querySelector('.seq').textContent))
  })()`)

/** As by dragging the scroll bar: 0 is the top, 1 the end. */
export const dragTo = (page: Page, share: number): Promise<void> =>
  page.evaluate(`(() => {
    const scroller = document.querySelector('.scroller')
    scroller.scrollTop = ${share} * (scroller.scrollHeight - scroller.clientHeight)
  })()`)

/** The id of the element that has the keyboard. */
export const focused = (page: Page): Promise<string> => page.evaluate('document.activeElement.id')
