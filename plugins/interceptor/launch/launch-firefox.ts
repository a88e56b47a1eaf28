/** A Firefox behind the session's proxy: the proxy sees its requests, nothing else tells of them. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { PluginHost, Source, SourceRun } from '../../../sdk/plugin.ts'
import { BrowserProcess } from './browser-process.ts'
import type { LaunchOptions } from './launch-chromium.ts'
import { freshProfile, namedProfile } from './profile.ts'
import { reachableHost } from './reachable-host.ts'

const notes = [
  'Firefox goes through the proxy and tells nothing itself: initiators, pages, and what it answers from its cache or a service worker are not recorded.',
  "It does not trust weir's CA by itself: open http://weir/ in it once, and import the certificate for web sites.",
]

export async function launchFirefox(
  { path, url, headless, profile: name }: LaunchOptions,
  { session: { proxy } }: Pick<SourceRun, 'session'>,
  { dataDir }: Pick<PluginHost, 'dataDir'>,
): Promise<Source> {
  if (proxy === null) throw new Error('Firefox can be recorded by a proxy only, and the session has none that it could use')
  const profile = name === undefined ? await freshProfile(dataDir) : await namedProfile(dataDir, name)
  await writeFile(join(profile.path, 'user.js'), preferences(proxy))
  const browser = new BrowserProcess(path, [
    '--profile',
    profile.path,
    '--no-remote',
    ...(headless ? ['--headless'] : []),
    url ?? 'about:blank',
  ])
  const ended = browser.ended.then(async (how) => {
    await profile.dispose()
    return how
  })
  const stop = async () => {
    await browser.end(() => browser.terminate())
    await ended
  }
  return { browser: 'Firefox', notes, ended, stop }
}

/** Read at each start (user.js). */
export function preferences({ host: listener, port }: { host: string; port: number }): string {
  const host = reachableHost(listener)
  const values = {
    'network.proxy.type': 1,
    'network.proxy.http': host,
    'network.proxy.http_port': port,
    'network.proxy.ssl': host,
    'network.proxy.ssl_port': port,
    'network.proxy.no_proxies_on': '',
    'network.proxy.allow_hijacking_localhost': true,
    'network.http.http3.enable': false,
    'browser.aboutwelcome.enabled': false,
    'browser.shell.checkDefaultBrowser': false,
    'datareporting.policy.dataSubmissionEnabled': false,
    'toolkit.telemetry.enabled': false,
    'app.update.disabledForTesting': true,
    'network.captive-portal-service.enabled': false,
    'network.connectivity-service.enabled': false,
  }
  return Object.entries(values)
    .map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`)
    .join('')
}
