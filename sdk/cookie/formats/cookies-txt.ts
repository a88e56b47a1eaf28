/** Netscape's cookies.txt, as curl (`-b`, `-c`), wget, yt-dlp and Python's MozillaCookieJar read and write it. Bytes as on the wire. */
import type { Cookie } from '../cookie.ts'
import type { CookieEntry, WrittenCookies } from '../formats.ts'
import type { GivenCookie } from '../given.ts'

const httpOnlyMark = '#HttpOnly_'

/** A cookie without a name has no line: that is noted in the file. Tabs and line ends are in no cookie. */
export function writeCookiesTxt(cookies: readonly Cookie[]): WrittenCookies {
  const fitting = cookies.filter(({ name }) => name !== '')
  const leftOut = cookies.length - fitting.length
  const note = leftOut > 0 ? `# left out: ${leftOut} without a name\n` : ''
  return { bytes: Buffer.from(`# Netscape HTTP Cookie File\n${note}${fitting.map(lineOf).join('')}`, 'latin1'), leftOut }
}

const truth = (is: boolean): string => (is ? 'TRUE' : 'FALSE')

/** Whole seconds, 0 for those of the session; rounded up, or one could be gone that is not. */
function lineOf({ name, value, domain, hostOnly, path, expires, secure, httpOnly }: Cookie): string {
  const host = `${httpOnly ? httpOnlyMark : ''}${hostOnly ? '' : '.'}${domain}`
  const seconds = expires === null ? 0 : Math.ceil(expires / 1000)
  return `${[host, truth(!hostOnly), path, truth(secure), seconds, name, value].join('\t')}\n`
}

export function* readCookiesTxt(bytes: Buffer): Generator<CookieEntry> {
  const text = bytes.toString('latin1').replace(/^\u00ef\u00bb\u00bf/, '')
  for (const [index, ended] of text.split('\n').entries()) {
    const line = ended.replace(/\r$/, '')
    const isHttpOnly = line.startsWith(httpOnlyMark)
    if (line.trim() === '' || (line.startsWith('#') && !isHttpOnly)) continue
    const place = `line ${index + 1}`
    yield { place, ...readLine(isHttpOnly ? line.slice(httpOnlyMark.length) : line, isHttpOnly) }
  }
}

type Line = { cookie: GivenCookie } | { fault: string }

function readLine(line: string, httpOnly: boolean): Line {
  const fields = line.split('\t')
  // Some leave out the tab before an empty value.
  const [domain = '', below = '', path = '', secure = '', seconds = '', name = '', value = ''] = fields
  if (fields.length < 6 || fields.length > 7) return { fault: `it has ${fields.length} fields between tabs, not 7` }
  if (!/^(?:TRUE|FALSE)$/i.test(below) || !/^(?:TRUE|FALSE)$/i.test(secure))
    return { fault: 'its second and fourth field are not TRUE or FALSE' }
  if (!/^-?\d*(?:\.\d+)?$/.test(seconds)) return { fault: `its fifth field is no number of seconds` }
  return {
    cookie: {
      name,
      value,
      domain,
      hostOnly: below.toUpperCase() === 'FALSE',
      path,
      expires: Number(seconds) === 0 ? null : Number(seconds) * 1000,
      secure: secure.toUpperCase() === 'TRUE',
      httpOnly,
    },
  }
}
