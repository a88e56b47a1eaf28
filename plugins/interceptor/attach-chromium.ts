/** A Chromium that runs already, by its debugging endpoint: it may go through the session's proxy or not, and stays when the source ends. */
import type { PluginHost, Source, SourceRun } from '../../sdk/plugin.ts'
import { Capture } from './capture.ts'
import { cookieTarget } from './cdp/cookie-target.ts'
import { connectEndpoint, noBrowserAt, notABrowser } from './cdp/endpoint.ts'
import { BrowserClock } from './requests/browser-clock.ts'
import { never, SeenProxyUse } from './requests/proxied.ts'

export interface AttachOptions {
  endpoint: string
  /** Opened in a new tab. */
  url: string | undefined
}

/** Rejects with what to do when no browser answers there. */
export async function attachChromium({ endpoint, url }: AttachOptions, run: SourceRun, host: PluginHost): Promise<Source> {
  const { proxy } = run.session
  const capture = new Capture({
    run,
    log: host.log,
    clock: new BrowserClock(),
    transport: await connectEndpoint(endpoint),
    proxyUse: proxy === null ? never : new SeenProxyUse(proxy),
    away: noBrowserAt(endpoint),
  })
  const { connection } = capture
  let browser: string
  try {
    browser = await capture.start()
  } catch (error) {
    connection.close()
    throw notABrowser(endpoint, error)
  }
  if (url !== undefined) void capture.show(url, 'newTab').catch((error: Error) => host.log(`${url} was not opened: ${error.message}`))
  const notes =
    proxy === null
      ? ['The session has no proxy that a browser could use: what is recorded is what the browser tells.']
      : [
          `What it asks through the proxy at ${proxy.host}:${proxy.port} is recorded as it was on the wire, the rest as the browser tells it.`,
        ]
  const ended = connection.closed.then(async () => {
    await capture.stop()
    return 'the connection to the browser was closed'
  })
  const stop = async () => {
    await capture.heard()
    connection.close()
    await ended
  }
  return { browser, notes, ended, cookies: cookieTarget(async () => connection), stop }
}
