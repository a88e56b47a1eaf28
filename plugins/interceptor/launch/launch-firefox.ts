/** A Firefox behind the session's proxy: the proxy sees its requests, nothing else tells of them. */
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { PluginHost, Source, SourceRun } from '../../../sdk/plugin.ts'
import { BrowserProcess } from './browser-process.ts'
import type { LaunchOptions } from './launch-chromium.ts'
import { freshProfile, namedProfile } from './profile.ts'
import { reachableHost } from './reachable-host.ts'

const tellsNothing =
  'Firefox goes through the proxy and tells nothing itself: initiators, pages, and what it answers from its cache or a service worker are not recorded.'

const asksItsUser = 'The proxy asks for a username and a password (proxy.auth), which Firefox asks its user for.'

/** For a database of a few entries, ms. */
const trustMs = 30_000

export async function launchFirefox(
  { path, url, headless, profile: name }: LaunchOptions,
  { session: { proxy }, caCertificate, proxyCredentials }: Pick<SourceRun, 'session' | 'caCertificate' | 'proxyCredentials'>,
  { dataDir }: Pick<PluginHost, 'dataDir'>,
): Promise<Source> {
  if (proxy === null) throw new Error('Firefox can be recorded by a proxy only, and the session has none that it could use')
  const profile = name === undefined ? await freshProfile(dataDir) : await namedProfile(dataDir, name)
  await writeFile(join(profile.path, 'user.js'), preferences(proxy))
  const trust = await trustIn(profile.path, caCertificate)
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
    await browser.end(() => browser.terminate(), profile.endMs)
    await ended
  }
  return {
    browser: 'Firefox',
    notes: [tellsNothing, ...(trust === null ? [] : [trust]), ...(proxyCredentials === null ? [] : [asksItsUser])],
    ended,
    stop,
  }
}

/**
 * Puts the CA into the profile's own database of certificates (NSS, cert9.db).
 * @returns what its user has to do where that is not possible; null: nothing
 */
async function trustIn(profile: string, certificate: string): Promise<string | null> {
  const byHand = 'open http://weir/ in it once, and import the certificate for web sites.'
  // There certutil is another program.
  if (process.platform === 'win32') return `It does not trust weir's CA by itself: ${byHand}`
  const file = join(profile, 'weir-ca.pem')
  await writeFile(file, certificate)
  try {
    await promisify(execFile)('certutil', ['-A', '-d', `sql:${profile}`, '-n', 'weir', '-t', 'C,,', '-i', file], { timeout: trustMs })
    return null
  } catch (error) {
    const { code, stderr } = error as { code?: unknown; stderr?: string }
    const why = code === 'ENOENT' ? 'certutil is missing (libnss3-tools, nss-tools or nss)' : `certutil: ${String(stderr).trim()}`
    return `It does not trust weir's CA: ${why}; ${byHand}`
  }
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
    'app.normandy.enabled': false,
    'browser.newtabpage.enabled': false,
    'browser.safebrowsing.malware.enabled': false,
    'browser.safebrowsing.phishing.enabled': false,
    'browser.safebrowsing.downloads.enabled': false,
    'extensions.getAddons.cache.enabled': false,
    'extensions.update.enabled': false,
    'network.trr.mode': 5,
    'services.settings.server': 'data:,#remote-settings-dummy/v1',
    'network.captive-portal-service.enabled': false,
    'network.connectivity-service.enabled': false,
  }
  return Object.entries(values)
    .map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`)
    .join('')
}
