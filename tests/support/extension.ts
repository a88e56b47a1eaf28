/** Chromium with weir's extension in a fresh profile, and its popup as a page. */
import { join } from 'node:path'
import { type BrowserContext, chromium, type Page } from 'playwright-core'

export interface Extended {
  context: BrowserContext
  /** `chrome-extension://<id>` */
  origin: string
  /** The popup as a tab of its own. @param tab the page whose bodies it is about */
  popup(tab?: Page): Promise<Page>
}

export interface ExtendedOptions {
  executable: string
  /** What `weir browser extension` has written. */
  extension: string
  /** An empty folder for the profile. */
  profile: string
  args?: string[]
}

/** The caller closes the context. */
export async function launchWithExtension({ executable, extension, profile, args = [] }: ExtendedOptions): Promise<Extended> {
  const context = await chromium.launchPersistentContext(join(profile, 'profile'), {
    executablePath: executable,
    headless: false,
    args: [
      '--headless=new',
      '--no-sandbox',
      '--disable-quic',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      `--disable-extensions-except=${extension}`,
      `--load-extension=${extension}`,
      ...args,
    ],
  })
  // Less than a test has, and long enough for a machine that is busy.
  context.setDefaultTimeout(60_000)
  const worker = context.serviceWorkers()[0] ?? (await context.waitForEvent('serviceworker'))
  const origin = new URL(worker.url()).origin === 'null' ? worker.url().replace(/\/background\.js$/, '') : new URL(worker.url()).origin
  return {
    context,
    origin,
    async popup(tab) {
      const page = await context.newPage()
      const tabId = tab ? await tabIdOf(page, origin, tab) : -1
      await page.goto(`${origin}/popup.html?tab=${tabId}`)
      return page
    },
  }
}

async function tabIdOf(page: Page, origin: string, tab: Page): Promise<number> {
  await page.goto(`${origin}/popup.html`)
  const url = tab.url()
  return page.evaluate(async (wanted) => {
    const { tabs } = (globalThis as unknown as { chrome: { tabs: { query(query: object): Promise<{ id: number; url?: string }[]> } } })
      .chrome
    return (await tabs.query({})).find((one) => one.url === wanted)?.id ?? -1
  }, url)
}

/** Pairs and starts, as a person does. @param session its name, as the popup shows it */
export async function pairAndStart(popup: Page, code: string, port: number, session = 'a new one'): Promise<void> {
  await popup.getByLabel('Code').fill(code)
  await popup.getByLabel('Port').fill(String(port))
  await popup.getByRole('button', { name: 'Pair', exact: true }).click()
  await popup.getByRole('combobox', { name: 'Session' }).selectOption(session)
  await popup.getByRole('button', { name: 'Start' }).click()
  await popup.getByText(/: running$/).waitFor()
}

/** Ends its service worker, as the browser does when it idles. */
export async function stopWorker(popup: Page): Promise<void> {
  const session = await popup.context().newCDPSession(popup)
  const stopped = new Promise<void>((resolve) =>
    session.on('ServiceWorker.workerVersionUpdated', ({ versions }) => {
      if (versions.some(({ runningStatus }) => runningStatus === 'stopped')) resolve()
    }),
  )
  await session.send('ServiceWorker.enable')
  await session.send('ServiceWorker.stopAllWorkers')
  await stopped
  await session.detach()
}

/** Resolves when it answers, whether it was awake or not. */
export async function wakeWorker(popup: Page): Promise<void> {
  await popup.evaluate(() =>
    (globalThis as unknown as { chrome: { runtime: { sendMessage(message: object): Promise<unknown> } } }).chrome.runtime.sendMessage({
      command: 'look',
      tabId: -1,
    }),
  )
}
