/**
 * Set-Cookie fields, one a line, with or without their name. A line that is a URL says where those below it come from. Bytes as on
 * the wire. The site on top of a partitioned one has no place here: it is taken for the host's own.
 */
import type { Cookie } from '../cookie.ts'
import type { CookieEntry, WrittenCookies } from '../formats.ts'
import { setCookieField } from '../given.ts'

export function writeSetCookieLines(cookies: readonly Cookie[]): WrittenCookies {
  const ofUrl = new Map<string, string[]>()
  for (const cookie of cookies) {
    const url = `https://${cookie.domain}/`
    const lines = ofUrl.get(url) ?? []
    lines.push(`Set-Cookie: ${setCookieField(cookie)}\n`)
    ofUrl.set(url, lines)
  }
  const text = [...ofUrl].map(([url, lines]) => `${url}\n${lines.join('')}`).join('')
  return { bytes: Buffer.from(text, 'latin1'), leftOut: 0 }
}

export function* readSetCookieLines(bytes: Buffer, url: URL | null): Generator<CookieEntry> {
  let from = url
  for (const [index, ended] of bytes.toString('latin1').split('\n').entries()) {
    const line = ended.replace(/\r$/, '')
    if (line.trim() === '' || line.startsWith('#')) continue
    const place = `line ${index + 1}`
    if (/^https?:\/\/\S+$/i.test(line)) {
      from = URL.canParse(line) ? new URL(line) : null
      if (from === null) yield { place, fault: 'it is no URL' }
    } else if (from === null) yield { place, fault: 'nothing says where it comes from: give the URL, or put it on a line above' }
    else yield { place, field: line.replace(/^set-cookie:\s*/i, ''), url: from, at: null }
  }
}
