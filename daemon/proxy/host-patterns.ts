/** Host patterns of a session's settings: `*` is any run of characters, letter case does not matter. */

function matches(parts: readonly string[], text: string): boolean {
  const first = parts[0] ?? ''
  const last = parts[parts.length - 1] ?? ''
  if (parts.length === 1) return text === first
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false
  let at = first.length
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  return at <= text.length - last.length
}

export class HostPatterns {
  #patterns: string[][]

  constructor(patterns: readonly string[]) {
    this.#patterns = patterns.map((pattern) => pattern.toLowerCase().split('*'))
  }

  /** A pattern names a host, or a host and its port (`host:port`). */
  match(host: string, port: number): boolean {
    if (this.#patterns.length === 0) return false
    const name = host.toLowerCase()
    const withPort = `${name}:${port}`
    return this.#patterns.some((parts) => matches(parts, name) || matches(parts, withPort))
  }
}

/** Values by host pattern, in the order of the settings. */
export class HostRules<T> {
  #rules: { patterns: HostPatterns; value: T }[]

  constructor(rules: readonly { match: string; value: T }[]) {
    this.#rules = rules.map(({ match, value }) => ({ patterns: new HostPatterns([match]), value }))
  }

  /** undefined: none matches. */
  first(host: string, port: number): T | undefined {
    return this.#rules.find(({ patterns }) => patterns.match(host, port))?.value
  }

  all(host: string, port: number): T[] {
    return this.#rules.filter(({ patterns }) => patterns.match(host, port)).map(({ value }) => value)
  }
}
