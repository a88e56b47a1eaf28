/** Answers that fit: an agent reads all that it is given, and has little room. */

/** The longest text and list inside of an answer, one after the other until it fits. */
const steps: readonly (readonly [characters: number, items: number])[] = [
  [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
  [4_000, 200],
  [1_000, 50],
  [200, 20],
  [60, 5],
]

/** A value as JSON of at most so many characters. What is left out is said where it stood. */
export function fitted(value: unknown, budget: number): string {
  for (const [characters, items] of steps) {
    const text = JSON.stringify(shortened(value, characters, items))
    if (text.length <= budget) return text
  }
  return JSON.stringify({
    tooLarge: 'this answer does not fit the budget, even shortened: ask for less, or start weir mcp with a larger --budget',
  })
}

function shortened(value: unknown, characters: number, items: number): unknown {
  if (typeof value === 'string') return shortText(value, characters)
  if (Array.isArray(value)) {
    const kept = value.slice(0, items).map((item) => shortened(item, characters, items))
    return value.length > items ? [...kept, `... (${value.length - items} more)`] : kept
  }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [shortText(key, characters), shortened(item, characters, items)]))
}

/** At most so many characters from an offset on; no surrogate pair is cut in two. */
export function wholeCharacters(text: string, offset: number, characters: number): string {
  const piece = text.slice(offset, offset + characters)
  return offset + piece.length < text.length && piece.length > 1 ? piece.replace(/[\uD800-\uDBFF]$/, '') : piece
}

export function shortText(text: string, characters: number): string {
  if (text.length <= characters) return text
  const kept = wholeCharacters(text, 0, characters)
  return `${kept}... (${text.length - kept.length} more characters)`
}

/** As many of the first as fit as JSON; one at least. */
export function thatFit<Item>(items: readonly Item[], budget: number): Item[] {
  let characters = 0
  const beyond = items.findIndex((item, index) => {
    characters += JSON.stringify(item).length + 1
    return index > 0 && characters > budget
  })
  return beyond === -1 ? [...items] : items.slice(0, beyond)
}
