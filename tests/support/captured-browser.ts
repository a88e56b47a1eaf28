/** A real Chromium that weir opens, and what is on record of what it asked. */
import { expect, vi } from 'vitest'
import type { Exchange } from '../../sdk/model.ts'
import type { Params } from '../../sdk/protocol.ts'
import { type Capture, capture } from './capture.ts'
import { chromiumPath } from './chromium.ts'

/** Chromium takes its time on a busy machine. */
export const browserPatience = { timeout: 90_000 }

export interface BrowserCapture extends Capture {
  open(url: string, more?: Partial<Params<'source/start'>>): Promise<string>
  /** All of them but those of the browser's own, whatever they matched before. */
  all(where?: string): Promise<Exchange[]>
  /** Waits for one that has ended; from its response on a page goes on. */
  ended(where: string): Promise<Exchange>
}

export async function browserCapture(settings: Params<'session/start'> = {}): Promise<BrowserCapture> {
  const captured = await capture(undefined, settings)
  const { client, session } = captured
  const sessionId = session.id
  const all = async (where = '') => {
    const found: Exchange[] = []
    for (let after = 0, more = true; more; ) {
      const page = await client.call('exchange/list', { sessionId, where, after, limit: 1000 })
      found.push(...page.items)
      more = page.more
      after = page.items.at(-1)?.seq ?? after
    }
    return found.filter(({ browser, request }) => !browser?.own && /\/\/localhost[:/]/.test(request.url))
  }
  return {
    ...captured,
    all,
    open: async (url, more = {}) => {
      const launched = { headless: true, executable: chromiumPath as string }
      const how = more.endpoint === undefined ? launched : {}
      return (await client.call('source/start', { kind: 'browser', sessionId, url, ...how, ...more })).sourceId
    },
    ended: (where) =>
      vi.waitFor(async () => {
        const [found] = (await all(where)).filter(({ state }) => state !== 'open')
        expect(found, `there is no exchange that has ended and matches ${where}`).toBeDefined()
        return found as Exchange
      }, browserPatience),
  }
}

export const pathOf = ({ request }: Exchange): string => new URL(request.url).pathname
