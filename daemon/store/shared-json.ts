/** JSON that many exchanges share (their heads, the facts of TLS) is parsed once. What comes of it is frozen all through. */

/** Longer texts hardly repeat, characters. */
const longest = 16 * 1024
/** Past it everything is forgotten: most texts of a session whose heads differ are seen once. */
const remembered = 512

/** New: equal texts give the very same value as long as they are remembered. */
export function sharedJson(): (text: string) => unknown {
  const known = new Map<string, unknown>()
  return (text) => {
    let value = known.get(text)
    if (value !== undefined) return value
    value = frozen(JSON.parse(text))
    if (known.size >= remembered) known.clear()
    if (text.length <= longest) known.set(text, value)
    return value
  }
}

function frozen(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  for (const inner of Object.values(value)) frozen(inner)
  return Object.freeze(value)
}
