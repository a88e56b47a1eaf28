/** The cookies of a browser, of all domains and partitions, as a target that is kept in step. */
import type { CookieTarget, CookieTargetChange, PulledCookies } from '../../../sdk/plugin.ts'
import { fromBrowser, toBrowser } from './browser-cookies.ts'
import type { CdpConnection } from './connection.ts'
import type { Protocol } from './protocol.ts'

/** In one message. */
const mostNamed = 5

type BrowserTarget = Required<Pick<CookieTarget, 'push' | 'pull'>>

/** @param browser asked for at each call: it may have to be reached first */
export function cookieTarget(browser: () => Promise<Pick<CdpConnection, 'ask'>>): BrowserTarget {
  const held = async () => (await (await browser()).ask('Storage.getCookies')).cookies
  return {
    async pull(): Promise<PulledCookies> {
      const at = Date.now()
      const cookies = (await held()).filter(({ partitionKeyOpaque }) => !partitionKeyOpaque)
      return { cookies: cookies.map((cookie) => fromBrowser(cookie, at)), at }
    },
    async push(changes: readonly CookieTargetChange[]): Promise<void> {
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
      if (cookies.length > 0) await setAll(await browser(), cookies)
    },
  }
}

/** For one cookie that it does not take the browser refuses them all. Rejects with those alone; all others it has. */
async function setAll(browser: Pick<CdpConnection, 'ask'>, cookies: readonly Protocol.Network.CookieParam[]): Promise<void> {
  const set = (some: readonly Protocol.Network.CookieParam[]) => browser.ask('Storage.setCookies', { cookies: [...some] })
  try {
    await set(cookies)
  } catch {
    const answers = await Promise.allSettled(cookies.map((cookie) => set([cookie])))
    const refused = answers.flatMap((answer, index) => {
      const { name, url = '' } = cookies[index] as Protocol.Network.CookieParam
      return answer.status === 'rejected' ? [`${name} of ${url} (${(answer.reason as Error).message})`] : []
    })
    if (refused.length > 0)
      throw new Error(`not taken: ${refused.slice(0, mostNamed).join(', ')}${refused.length > mostNamed ? ', ...' : ''}`)
  }
}
