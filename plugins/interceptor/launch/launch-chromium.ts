/** A Chromium of the session's own: launched, seen from its first request on, and gone in the end. */
import { join } from 'node:path'
import type { PluginHost, Source, SourceRun } from '../../../sdk/plugin.ts'
import type { SourceEvent } from '../../../sdk/source.ts'
import { Capture } from '../capture.ts'
import { cookieTarget } from '../cdp/cookie-target.ts'
import { pipeTransport } from '../cdp/pipe.ts'
import { type Fifo, openFifo } from '../net-log/fifo.ts'
import { NetLog } from '../net-log/net-log.ts'
import { OwnRequests } from '../net-log/own-requests.ts'
import { BrowserClock } from '../requests/browser-clock.ts'
import { always, never } from '../requests/proxied.ts'
import { BrowserProcess } from './browser-process.ts'
import { chromiumFlags } from './chromium-flags.ts'
import { freshProfile, namedProfile } from './profile.ts'

export interface LaunchOptions {
  path: string
  url: string | undefined
  headless: boolean
  /** undefined: a fresh one. */
  profile: string | undefined
}

/** Until it answers: on a busy machine it takes long. */
const startMs = 60_000

/** Rejects with why it could not be started; nothing of it is left then. */
export async function launchChromium(
  { path, url, headless, profile: name }: LaunchOptions,
  run: SourceRun,
  host: PluginHost,
): Promise<Source> {
  const notes: string[] = []
  const profile = name === undefined ? await freshProfile(host.dataDir) : await namedProfile(host.dataDir, name)
  const { proxy } = run.session
  const clock = new BrowserClock()
  let capture: Capture | null = null
  const tell = (event: SourceEvent) => capture?.tell(event)
  const netLog = new NetLog({
    proxyPort: proxy?.port ?? 0,
    connected: (connection, port) => tell({ kind: 'connection', connection, port }),
    own: new OwnRequests({ sourceId: run.sourceId, clock, tell }),
  })
  const log = proxy === null ? null : await netLogPipe(join(profile.path, 'net-log'), netLog)
  if (proxy !== null && log === null)
    notes.push(
      'This system has no named pipes: which connection a request took is not known, so some requests stay apart from what the proxy saw of them.',
    )
  const isRoot = process.getuid?.() === 0
  if (isRoot) notes.push('It runs as root, so without its sandbox: open only pages that you trust.')
  if (proxy === null) notes.push('The session has no proxy that a browser could use: what is recorded is what the browser tells.')

  const browser = new BrowserProcess(path, chromiumFlags({ run, profile: profile.path, headless, netLog: log?.path ?? null, isRoot }))
  const { input, output } = browser.pipe
  capture = new Capture({
    run,
    log: host.log,
    clock,
    transport: pipeTransport(input, output),
    proxyUse: proxy === null ? never : always,
    away: 'the browser is gone',
  })
  const { connection } = capture
  const seen = capture
  const cleanUp = async () => {
    await log?.close()
    await seen.stop()
    connection.close()
    await profile.dispose()
  }
  const end = () => browser.end(() => void connection.ask('Browser.close').catch(() => undefined), profile.endMs)
  try {
    const product = await started(seen.start(), browser.ended, host.signal)
    if (url !== undefined) void seen.show(url, 'firstTab').catch((error: Error) => host.log(`${url} was not opened: ${error.message}`))
    const ended = browser.ended.then(async (how) => {
      await cleanUp()
      return how
    })
    const stop = async () => {
      await seen.heard()
      const closing = end()
      // Who stops it may not wait for a browser that takes its time.
      await seen.stop()
      await closing
      await ended
    }
    return { browser: product, notes, ended, cookies: cookieTarget(async () => connection), stop }
  } catch (error) {
    await end()
    await cleanUp()
    throw error
  }
}

/** null: there are none here. */
async function netLogPipe(path: string, netLog: NetLog): Promise<Fifo | null> {
  try {
    return await openFifo(path, (chunk) => netLog.push(chunk))
  } catch {
    return null
  }
}

async function started(start: Promise<string>, ended: Promise<string>, signal: AbortSignal): Promise<string> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`the browser did not answer within ${startMs / 1000} s`)), startMs)
  const cancel = () => reject(new Error('it was cancelled'))
  signal.addEventListener('abort', cancel, { once: true })
  const early = ended.then((how) =>
    Promise.reject(new Error(`it ended as soon as it was started (${how}): it may be no browser, or its profile is open in another one`)),
  )
  // Its pipe breaks before it is known how it ended.
  const answered = start.catch(async (error: unknown) => {
    await Promise.race([ended, soon()])
    throw error
  })
  try {
    return await Promise.race([answered, early, promise])
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', cancel)
    answered.catch(() => undefined)
    early.catch(() => undefined)
  }
}

const soon = () => new Promise<void>((resolve) => setTimeout(resolve, 2_000).unref())
