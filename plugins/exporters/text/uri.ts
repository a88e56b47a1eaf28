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

export type UriForm = 'rfc3986' | 'browser'

/**
 * ASCII without a fragment. Everything RFC 3986 forbids is percent-encoded byte by byte; 'browser' leaves `[ ] | { } ^ \`
 * and the like as they are, as browsers send them.
 * @param url bytes above 127 as U+0080..00FF.
 */
export function uriOf(url: string, form: UriForm = 'rfc3986'): string {
  if (valid.test(url)) return url
  const [, scheme = '', brackets = '', authority = '', rest = ''] = parts.exec(url) ?? [url, '', '', '', url]
  const pattern = form === 'browser' ? escapableForBrowsers : escapable
  return scheme + brackets + authority.replace(escapable, percent) + rest.replace(pattern, percent)
}
