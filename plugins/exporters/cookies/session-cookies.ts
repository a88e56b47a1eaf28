/** The cookies that a client would hold after a session: its Set-Cookie fields in their order. */
import type { Cookie } from '../../../sdk/cookie/cookie.ts'
import { HeldCookies } from '../../../sdk/cookie/held-cookies.ts'
import type { ExportedExchange } from '../../../sdk/plugin.ts'

/** @param leaveOut called for each exchange that sets none */
export async function cookiesOf(exchanges: AsyncIterable<ExportedExchange>, leaveOut: () => void): Promise<Cookie[]> {
  const held = new HeldCookies()
  let at = 0
  for await (const { request, response, startedAt } of exchanges) {
    at = Math.max(at, startedAt)
    const fields = response?.headers.filter(([name]) => name.length === 10 && name.toLowerCase() === 'set-cookie') ?? []
    const url = fields.length > 0 && URL.canParse(request.url) ? new URL(request.url) : null
    if (url === null) leaveOut()
    else for (const [, value] of fields) held.take(value, { url, at: startedAt })
  }
  held.dropExpired(at)
  return [...held]
}
