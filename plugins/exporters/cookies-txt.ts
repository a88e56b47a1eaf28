/** Netscape's cookies.txt, as curl (`-b`), wget, yt-dlp and Python's MozillaCookieJar read it. */

import { writeCookiesTxt } from '../../sdk/cookie/formats/cookies-txt.ts'
import { defineExporter } from '../../sdk/plugin.ts'
import { cookiesOf } from './cookies/session-cookies.ts'

const cookiesTxt = defineExporter({
  kind: 'exporter',
  name: 'cookies-txt',
  version: '0.1.0',
  api: 1,
  redaction: 'off',
  description: "The cookies a client holds at the session's end, as cookies.txt: for curl -b, wget and Python",
  config: { type: 'object', additionalProperties: false, properties: {} },
  create: () => ({
    async run({ exchanges, out, leaveOut }) {
      out.write(writeCookiesTxt(await cookiesOf(exchanges, leaveOut)).bytes)
    },
  }),
})

export default cookiesTxt
