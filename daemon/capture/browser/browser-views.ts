/** What is put on record of what a browser tells beside HTTP. */
import type { BrowserView } from '../../../sdk/browser-view.ts'

/** Of each text, characters. */
const longest = 8192

/** Bounded, whatever a source says. */
export function boundedView(view: Partial<BrowserView>): Partial<BrowserView> {
  return cut(view) as Partial<BrowserView>
}

function cut(value: unknown): unknown {
  if (typeof value === 'string') return value.slice(0, longest)
  if (Array.isArray(value) || typeof value !== 'object' || value === null) return Array.isArray(value) ? undefined : value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, part]) => part !== undefined)
      .slice(0, 32)
      .map(([name, part]) => [name, cut(part)]),
  )
}

/** What of a request says nothing of the others that may be meant. */
const shared = ['resource', 'initiator', 'page', 'frame', 'worker', 'priority', 'own'] as const

/** Of an exchange that may be any of several requests: what they have in common. At least one is given. */
export function commonView(views: readonly BrowserView[]): BrowserView {
  const [first, ...others] = views as [BrowserView, ...BrowserView[]]
  const common: BrowserView = { sourceId: first.sourceId }
  for (const name of shared) {
    const value = JSON.stringify(first[name])
    if (value !== undefined && others.every((other) => JSON.stringify(other[name]) === value))
      Object.assign(common, { [name]: first[name] })
  }
  return common
}
