/** Paths into JSON: `user.id`, `items[0].id`, `items[*].id`; a key asked of a list means any of its items. A dot within a key: `a\.b`. */

type Step = { key: string } | { index: number } | 'any'

/** Values that are still to be looked at, from the step `at` on. */
interface Level {
  values: readonly unknown[]
  next: number
  at: number
}

/** True when a value at the path passes, as text; objects and lists pass only with `anything`. Any depth, for whoever sent the JSON chose it. @param path undefined: the root */
export function jsonTest(path: string | undefined, test: (text: string) => boolean, anything: boolean): (root: unknown) => boolean {
  const steps = path === undefined ? [] : readPath(path)
  return (root) => {
    const levels: Level[] = [{ values: [root], next: 0, at: 0 }]
    for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
      if (level.next === level.values.length) {
        levels.pop()
        continue
      }
      const value = level.values[level.next++]
      const step = steps[level.at]
      const isContainer = typeof value === 'object' && value !== null
      if (step === undefined) {
        if (isContainer ? anything : test(String(value))) return true
      } else if (isContainer) levels.push(below(value, step, level.at))
    }
    return false
  }
}

function below(value: object, step: Step, at: number): Level {
  const level = (values: readonly unknown[], next = at + 1): Level => ({ values, next: 0, at: next })
  if (step === 'any') return level(Object.values(value))
  if (!Array.isArray(value)) return level('key' in step && Object.hasOwn(value, step.key) ? [value[step.key as never]] : [])
  if ('key' in step) return level(value, at)
  return level(step.index < value.length ? [value[step.index]] : [])
}

const stepPattern = /\[(?:(\d+)|(\*))\]|((?:\\[\s\S]|[^.[\\]|\[(?!(?:\d+|\*)\]))+)/g

function readPath(path: string): Step[] {
  return Array.from(path.matchAll(stepPattern), ([, index, star, key = '']): Step => {
    if (index !== undefined) return { index: Number(index) }
    return star !== undefined || key === '*' ? 'any' : { key: key.replace(/\\([\s\S])/g, '$1') }
  })
}
