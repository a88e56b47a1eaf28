/** The viewer in Chromium, on a bench's session. */
import { type Browser, type CDPSession, chromium, type Page } from 'playwright-core'
import type { LoadedSession } from '../filled-session.ts'

export interface PageUse {
  /** Of JavaScript, after a collection, bytes. */
  heap: number
  nodes: number
  listeners: number
}

export class ViewerPage {
  readonly page: Page
  /** Of the WebSocket transport. */
  readonly port: number
  readonly devtools: CDPSession
  readonly #browser: Browser

  private constructor(page: Page, port: number, devtools: CDPSession, browser: Browser) {
    this.page = page
    this.port = port
    this.devtools = devtools
    this.#browser = browser
  }

  /** Returns once rows are there. */
  static async open({ daemon, facts }: LoadedSession): Promise<ViewerPage> {
    const { port } = await daemon.call('websocket/start', { port: 0 })
    const origin = `http://127.0.0.1:${port}`
    const { code } = await daemon.call('pairing/start', { rights: ['read'], name: 'bench', origin })
    const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] })
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
    await page.goto(`${origin}/viewer/#code=${code}&session=${facts.id}`)
    await page.locator('.canvas [role=row]').first().waitFor()
    return new ViewerPage(page, port, await page.context().newCDPSession(page), browser)
  }

  /** Uses a query. */
  async query(where: string): Promise<void> {
    await this.page.locator('#query').fill(where)
    await this.page.locator('#query').press('Enter')
  }

  async use(): Promise<PageUse> {
    await this.devtools.send('HeapProfiler.collectGarbage')
    const { usedSize } = await this.devtools.send('Runtime.getHeapUsage')
    const { nodes, jsEventListeners } = await this.devtools.send('Memory.getDOMCounters')
    return { heap: usedSize, nodes, listeners: jsEventListeners }
  }

  close(): Promise<void> {
    return this.#browser.close()
  }
}
