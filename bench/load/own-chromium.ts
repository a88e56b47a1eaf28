/** A Chromium in a profile of its own that nobody steers: what watches its pages costs CPU that would be measured, too. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

export interface OwnChromium {
  pid: number
  /** Of its debugging endpoint, `http://127.0.0.1:<port>`. */
  endpoint: string
  /** In a tab of its own, which nobody watches. */
  open(url: string): Promise<void>
  close(): Promise<void>
}

const startMs = 60_000

const flags = [
  '--headless=new',
  '--no-first-run',
  'about:blank',
  '--no-sandbox',
  '--remote-debugging-port=0',
  '--ignore-certificate-errors',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // The page that asks may lie behind another.
  '--disable-background-timer-throttling',
  '--disable-renderer-backgrounding',
  '--disable-backgrounding-occluded-windows',
]

/** Empty while it is not written. */
const portIn = (file: string): string => (existsSync(file) ? (readFileSync(file, 'utf8').split('\n')[0] ?? '') : '')

/** @param profile an empty folder */
export async function startOwnChromium(executable: string, profile: string, more: readonly string[]): Promise<OwnChromium> {
  const browser = spawn(executable, [...flags, `--user-data-dir=${profile}`, ...more], { stdio: 'ignore' })
  const kill = () => void browser.kill('SIGKILL')
  process.once('exit', kill)
  let port = ''
  for (let waited = 0; !/^\d+$/.test(port); waited += 50) {
    if (waited > startMs || browser.exitCode !== null) throw new Error(`${executable} does not start`)
    await delay(50)
    port = portIn(join(profile, 'DevToolsActivePort'))
  }
  const endpoint = `http://127.0.0.1:${port}`
  return {
    pid: browser.pid ?? 0,
    endpoint,
    async open(url) {
      const { ok, status } = await fetch(`${endpoint}/json/new?${url}`, { method: 'PUT' })
      if (!ok) throw new Error(`${url} was not opened: status ${status}`)
    },
    async close() {
      process.off('exit', kill)
      if (browser.exitCode === null && browser.kill('SIGTERM')) await once(browser, 'exit')
    },
  }
}
