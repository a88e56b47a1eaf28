/** URLs as RFC 3986 allows them. */

const valid = /^[a-z]+:\/\/(?:\[[\da-f:.]+\]|[\w\-.~!$&'()*+,;=]*)(?::\d*)?(?:\/[\w\-.~!$&'()*+,;=:@/]*)?(?:\?[\w\-.~!$&'()*+,;=:@/?]*)?$/i
const parts = /^([a-z]+:\/\/)(\[[\da-f:.]+\])?([^/?#]*)([^#]*)/is
/** What may stay, and percent signs that begin an escape. */
const escapable = /%(?![\da-f]{2})|[^\w\-.~!$&'()*+,;=:@/?%]/giu
/** The same, and what browsers send as it is. */
const escapableForBrowsers = /%(?![\da-f]{2})|[^!-~]|["<>]/giu

/** Captured bytes are one character each; what came from elsewhere is UTF-8. */
const percent = (character: string) =>
  character <= '\u00ff'
    ? `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
    : encodeURIComponent(character.toWellFormed())

export type UrlForm = 'rfc3986' | 'browser'

/**
 * ASCII without a fragment. Everything RFC 3986 forbids is percent-encoded byte by byte; 'browser' leaves `[ ] | { } ^ \`
 * and the like as they are, as browsers send them.
 * @param url bytes above 127 as U+0080..00FF.
 */
export function harUrl(url: string, form: UrlForm): string {
  if (valid.test(url)) return url
  const [, scheme = '', brackets = '', authority = '', rest = ''] = parts.exec(url) ?? [url, '', '', '', url]
  const pattern = form === 'browser' ? escapableForBrowsers : escapable
  return scheme + brackets + authority.replace(escapable, percent) + rest.replace(pattern, percent)
}

export interface Field {
  name: string
  value: string
}

/** Name and value of each query field, decoded as a form is. */
export function queryString(url: string): Field[] {
  const at = url.indexOf('?')
  if (at < 0) return []
  const end = url.indexOf('#', at)
  return formFields(url.slice(at + 1, end < 0 ? url.length : end))
}

/** application/x-www-form-urlencoded (WHATWG URL section 5.1). */
export function formFields(text: string): Field[] {
  if (/[+%\ud800-\udfff]/.test(text)) return Array.from(new URLSearchParams(text), ([name, value]) => ({ name, value }))
  const fields: Field[] = []
  for (const pair of text.split('&')) {
    if (pair === '') continue
    const at = pair.indexOf('=')
    fields.push(at < 0 ? { name: pair, value: '' } : { name: pair.slice(0, at), value: pair.slice(at + 1) })
  }
  return fields
}
