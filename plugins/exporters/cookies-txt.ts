/** Netscape's cookies.txt, as curl (`-b`), wget, yt-dlp and Python's MozillaCookieJar read it. */

import type { Cookie } from '../../sdk/cookie/cookie.ts'
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
      const cookies = await cookiesOf(exchanges, leaveOut)
      // The format has no word for a cookie without a name, and its fields end at a tab.
      const fitting = cookies.filter(({ name, path }) => name !== '' && !path.includes('\t'))
      const left = cookies.length - fitting.length
      const note = left > 0 ? `# left out: ${left} without a name, or with a tab in the path\n` : ''
      out.write(Buffer.from(`# Netscape HTTP Cookie File\n${note}${fitting.map(line).join('')}`, 'latin1'))
    },
  }),
})

function line({ name, value, domain, hostOnly, path, expires, secure, httpOnly }: Cookie): string {
  const truth = (is: boolean) => (is ? 'TRUE' : 'FALSE')
  const seconds = expires === null ? 0 : Math.floor(expires / 1000)
  const host = `${httpOnly ? '#HttpOnly_' : ''}${hostOnly ? '' : '.'}${domain}`
  return `${[host, truth(!hostOnly), path, truth(secure), seconds, name, value].join('\t')}\n`
}

export default cookiesTxt
