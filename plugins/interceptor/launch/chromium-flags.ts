/** How a Chromium is started: its own profile, its requests through the session's proxy, and as little of its own as it can be told. */
import { proxyUrl } from '../../../sdk/authority.ts'
import type { SourceRun } from '../../../sdk/plugin.ts'
import { reachableHost } from './reachable-host.ts'

export interface ChromiumStart {
  run: Pick<SourceRun, 'session' | 'caKeyHash'>
  profile: string
  headless: boolean
  /** null: without. */
  netLog: string | null
  isRoot: boolean
}

/** It asks its maker for these, and other hosts than the page's. */
const quietFeatures = [
  'AimEnabled',
  'AutofillServerCommunication',
  'DialMediaRouteProvider',
  'HttpsFirstBalancedModeAutoEnable',
  'HttpsUpgrades',
  'MediaRouter',
  'NetworkTimeServiceQuerying',
  'OptimizationGuideModelDownloading',
  'OptimizationHints',
  'PreconnectToSearch',
  'Translate',
]

const quiet = [
  '--no-first-run',
  '--no-default-browser-check',
  '--no-pings',
  '--no-service-autorun',
  '--disable-background-networking',
  '--disable-breakpad',
  '--disable-client-side-phishing-detection',
  '--disable-component-update',
  '--disable-default-apps',
  '--disable-domain-reliability',
  '--disable-field-trial-config',
  '--disable-search-engine-choice-screen',
  '--disable-sync',
  '--metrics-recording-only',
  '--edge-skip-compat-layer-relaunch',
  `--disable-features=${quietFeatures.join(',')}`,
  '--enable-features=SkipListAccountsWithoutGaiaCookies',
  // The user's key ring is not for it.
  '--password-store=basic',
  '--use-mock-keychain',
]

export function chromiumFlags({ run, profile, headless, netLog, isRoot }: ChromiumStart): string[] {
  const { proxy } = run.session
  return [
    '--remote-debugging-pipe',
    `--user-data-dir=${profile}`,
    ...quiet,
    // HTTP/3 would pass by the proxy.
    '--disable-quic',
    ...(proxy
      ? [
          `--proxy-server=${proxyUrl({ host: reachableHost(proxy.host), port: proxy.port })}`,
          // Loopback, too.
          '--proxy-bypass-list=<-loopback>',
          `--ignore-certificate-errors-spki-list=${run.caKeyHash}`,
        ]
      : []),
    ...(netLog === null ? [] : [`--log-net-log=${netLog}`, '--net-log-capture-mode=Default']),
    ...(headless ? ['--headless=new'] : []),
    ...(isRoot ? ['--no-sandbox'] : []),
    'about:blank',
  ]
}
