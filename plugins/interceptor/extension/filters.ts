/** Which requests the daemon is told of. */

export interface Filters {
  /** Upper case; empty: all. */
  methods: string[]
  /** Patterns of URLs, `*` is any run of characters; one with `-` in front leaves out. No others than those: all. */
  urls: string[]
}

export const noFilters: Filters = { methods: [], urls: [] }

export function isWanted({ methods, urls }: Filters, method: string, url: string): boolean {
  if (methods.length > 0 && !methods.includes(method.toUpperCase())) return false
  const leftOut = urls.filter((pattern) => pattern.startsWith('-'))
  const wanted = urls.filter((pattern) => !pattern.startsWith('-'))
  if (leftOut.some((pattern) => matches(pattern.slice(1), url))) return false
  return wanted.length === 0 || wanted.some((pattern) => matches(pattern, url))
}

/** A pattern without a star may stand anywhere in the URL. */
function matches(pattern: string, url: string): boolean {
  if (!pattern.includes('*')) return url.includes(pattern)
  let at = 0
  const parts = pattern.split('*')
  for (const [index, part] of parts.entries()) {
    const found = index === parts.length - 1 && part !== '' ? url.lastIndexOf(part) : url.indexOf(part, at)
    if (found < at || (index === 0 && found !== 0)) return false
    at = found + part.length
  }
  return parts.at(-1) === '' || at === url.length
}

/** As the popup's fields have them: methods with commas or blanks between, a pattern a line. */
export const readFilters = (methods: string, urls: string): Filters => ({
  methods: methods
    .toUpperCase()
    .split(/[\s,]+/)
    .filter(Boolean),
  urls: urls
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean),
})
