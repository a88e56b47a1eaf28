/** Paths into JSON: `user.id`, `items[0].id`, `items[*].id`; a key asked of a list means any of its items. A dot within a key: `a\.b`. */

type Step = { key: string } | { index: number } | 'any'

/** True when a value at the path passes, as text; objects and lists pass only with `anything`. @param path undefined: the root */
export function jsonTest(path: string | undefined, test: (text: string) => boolean, anything: boolean): (root: unknown) => boolean {
  const steps = path === undefined ? [] : readPath(path)
  const descend = (value: unknown, at: number): boolean => {
    const step = steps[at]
    const isContainer = typeof value === 'object' && value !== null
    if (step === undefined) return isContainer ? anything : test(String(value))
    if (!isContainer) return false
    if (step === 'any') return Object.values(value).some((inner) => descend(inner, at + 1))
    if (Array.isArray(value)) {
      if ('key' in step) return value.some((item) => descend(item, at))
      return step.index < value.length && descend(value[step.index], at + 1)
    }
    return 'key' in step && Object.hasOwn(value, step.key) && descend((value as { [key: string]: unknown })[step.key], at + 1)
  }
  return (root) => descend(root, 0)
}

const stepPattern = /\[(?:(\d+)|(\*))\]|((?:\\[\s\S]|[^.[\\]|\[(?!(?:\d+|\*)\]))+)/g

function readPath(path: string): Step[] {
  return Array.from(path.matchAll(stepPattern), ([, index, star, key = '']): Step => {
    if (index !== undefined) return { index: Number(index) }
    return star !== undefined || key === '*' ? 'any' : { key: key.replace(/\\([\s\S])/g, '$1') }
  })
}
