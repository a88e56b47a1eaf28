/** Replaces values in JSON by their paths: `user.token`, `items[0].id`, `items[*].id`, `**.password` (at any depth). */

type Step = string | number | 'any value' | 'any depth'
export type JsonPath = readonly Step[]

const stepPattern = /\[(\d+|\*)\]|((?:\\[\s\S]|[^.[\\])+)/g

/** A key with dots: `a\.b`. */
export function jsonPath(text: string): JsonPath {
  return Array.from(text.matchAll(stepPattern), ([, inBrackets, key]): Step => {
    if (inBrackets !== undefined) return inBrackets === '*' ? 'any value' : Number(inBrackets)
    if (key === '*') return 'any value'
    return key === '**' ? 'any depth' : (key as string).replace(/\\([\s\S])/g, '$1')
  })
}

/** The value with all at the paths replaced, whatever they are; the very same value when there is nothing at them. */
export function replaceInJson(value: unknown, paths: readonly JsonPath[], replace: (secret: unknown) => unknown): unknown {
  if (paths.some((path) => path.length === 0)) return replace(value)
  if (typeof value !== 'object' || value === null) return value
  let changed = false
  const inside = (key: string | number, inner: unknown): unknown => {
    const below = paths.flatMap((path) => stepInto(path, key))
    const after = below.length === 0 ? inner : replaceInJson(inner, below, replace)
    changed ||= after !== inner
    return after
  }
  const copy = Array.isArray(value)
    ? value.map((inner, index) => inside(index, inner))
    : Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, inside(key, inner)]))
  return changed ? copy : value
}

/** What is left of a path behind this key. */
function stepInto(path: JsonPath, key: string | number): JsonPath[] {
  const [first, ...rest] = path
  if (first === 'any depth') return [path, ...stepInto(rest, key)]
  return first === 'any value' || first === key ? [rest] : []
}

/** The value with each text and number below such keys replaced; the very same value when there are none. */
export function replaceUnderKeys(
  value: unknown,
  isKey: (key: string) => boolean,
  replace: (secret: unknown) => unknown,
  below = false,
): unknown {
  if (typeof value !== 'object' || value === null)
    return below && value !== '' && (typeof value === 'string' || typeof value === 'number') ? replace(value) : value
  let changed = false
  const note = (before: unknown, after: unknown) => {
    changed ||= before !== after
    return after
  }
  const copy = Array.isArray(value)
    ? value.map((inner) => note(inner, replaceUnderKeys(inner, isKey, replace, below)))
    : Object.fromEntries(
        Object.entries(value).map(([key, inner]) => [key, note(inner, replaceUnderKeys(inner, isKey, replace, below || isKey(key)))]),
      )
  return changed ? copy : value
}

/** Whether a text of JSON, or lines of it, may have such a key: much quicker than looking at all its values. */
export function mayHoldKey(text: string, isKey: (key: string) => boolean): boolean {
  for (let before = -1, at = text.indexOf('"'); at >= 0; before = at, at = text.indexOf('"', at + 1)) {
    if (!isBeforeColon(text, at + 1)) continue
    const key = text.slice(before + 1, at)
    // What is escaped may read otherwise, and an escaped quote does not begin the key.
    if (key.includes('\\') || text[before - 1] === '\\' || isKey(key)) return true
  }
  return false
}

function isBeforeColon(text: string, from: number): boolean {
  let at = from
  while (text.charCodeAt(at) <= 0x20) at++
  return text.charCodeAt(at) === 0x3a
}
