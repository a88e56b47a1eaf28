/** Playwright's storageState: cookies for `browser.newContext({ storageState })`. */

import type { Cookie } from '../../sdk/cookie/cookie.ts'
import { byteText } from '../../sdk/multipart.ts'
import { defineExporter } from '../../sdk/plugin.ts'
import { cookiesOf } from './cookies/session-cookies.ts'

const storageState = defineExporter({
  kind: 'exporter',
  name: 'storage-state',
  version: '0.1.0',
  api: 1,
  redaction: 'off',
  description: "The cookies a client holds at the session's end, as Playwright's storageState",
  config: { type: 'object', additionalProperties: false, properties: {} },
  create: () => ({
    async run({ exchanges, out, leaveOut }) {
      const cookies = (await cookiesOf(exchanges, leaveOut)).filter(({ name }) => name !== '').map(playwrightCookie)
      out.write(`${JSON.stringify({ cookies, origins: [] }, null, 2)}\n`)
    },
  }),
})

function playwrightCookie({ name, value, domain, hostOnly, path, expires, secure, httpOnly, sameSite }: Cookie): object {
  return {
    name: byteText(name),
    value: byteText(value),
    domain: hostOnly ? domain : `.${domain}`,
    path,
    expires: expires === null ? -1 : Math.floor(expires / 1000),
    httpOnly,
    secure,
    // What browsers take an absent one for.
    sameSite: sameSite ?? 'Lax',
  }
}

export default storageState
