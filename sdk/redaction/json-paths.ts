/** Paths into JSON: `user.token`, `items[0].id`, `items[*].id`, `**.password` (at any depth). */

/** A step and what follows it; null: here it ends. */
export type JsonPath = { readonly step: string | number | 'any value' | 'any depth'; readonly rest: JsonPath } | null

const stepPattern = /\[(\d+|\*)\]|((?:\\[\s\S]|[^.[\\])+)/g

/** A key with dots: `a\.b`. */
export function jsonPath(text: string): JsonPath {
  const steps = Array.from(text.matchAll(stepPattern), ([, inBrackets, key]) => {
    if (inBrackets !== undefined) return inBrackets === '*' ? 'any value' : Number(inBrackets)
    if (key === '*') return 'any value'
    return key === '**' ? 'any depth' : (key as string).replace(/\\([\s\S])/g, '$1')
  })
  return steps.reduceRight<JsonPath>((rest, step) => ({ step, rest }), null)
}

const none: readonly JsonPath[] = []

/** What is left of the paths behind a key or an index, each once. */
export function stepInto(paths: readonly JsonPath[], key: string | number): readonly JsonPath[] {
  if (paths.length === 0) return none
  const below = new Set<JsonPath>()
  const into = (path: JsonPath): void => {
    if (path === null) return
    if (path.step === 'any depth') {
      below.add(path)
      into(path.rest)
    } else if (path.step === 'any value' || path.step === key) below.add(path.rest)
  }
  paths.forEach(into)
  return [...below]
}
