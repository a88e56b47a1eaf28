/** A Chromium that runs, by its debugging endpoint: what changes in it comes back, where the rule says so. */
import { defineCookieSync, pluginApi } from '../../sdk/plugin.ts'
import { type BrowserCookie, fromBrowser, toBrowser } from './browser/browser-cookies.ts'
import { DebuggingEndpoint } from './browser/debugging-endpoint.ts'

export default defineCookieSync({
  kind: 'cookie-sync',
  name: 'browser',
  version: '1.0.0',
  api: pluginApi,
  description: 'A Chromium that runs with --remote-debugging-port',
  config: {
    type: 'object',
    properties: {
      endpoint: { type: 'string', pattern: '^(?:http|ws)://', description: 'http://127.0.0.1:9222, or the ws:// URL that it prints' },
    },
    required: ['endpoint'],
    additionalProperties: false,
  },
  create({ endpoint }) {
    const browser = new DebuggingEndpoint(endpoint)
    const held = async () => (await browser.ask<{ cookies: BrowserCookie[] }>('Storage.getCookies')).cookies
    return {
      async pull() {
        const at = Date.now()
        return {
          cookies: (await held()).filter(({ partitionKeyOpaque }) => !partitionKeyOpaque).map((cookie) => fromBrowser(cookie, at)),
          at,
        }
      },
      async push(changes) {
        const before = (await held()).map((cookie) => fromBrowser(cookie, Date.now()))
        const cookies = changes.flatMap((change) => {
          if ('put' in change) return [toBrowser(change.put)]
          const { name, domain, hostOnly, path, partitionKey } = change.gone
          const same = before.filter(
            (one) =>
              one.name === name &&
              one.domain === domain &&
              one.hostOnly === hostOnly &&
              one.path === path &&
              one.partitionKey === partitionKey,
          )
          // It has no call that removes one of several partitions; an end in the past does.
          return same.map((one) => toBrowser({ ...one, expires: 1_000 }))
        })
        if (cookies.length > 0) await browser.ask('Storage.setCookies', { cookies })
      },
      dispose: () => browser.close(),
    }
  },
})
