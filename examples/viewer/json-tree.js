/** JSON as a tree that is made as it is opened; numbers as they were written. */
import { button, element, visible } from './dom.js'

const shownAtOnce = 100
/** So many levels are open at first. */
const openLevels = 2
const shownText = 2000

/** A number that a JavaScript number does not say exactly. */
class Written {
  /** @param {string} text */
  constructor(text) {
    this.text = text
  }
}

/** Throws a SyntaxError. @param {string} text */
export function parseExactly(text) {
  /** @type {(key: string, value: unknown, context?: {source?: string}) => unknown} */
  const exactly = (_key, value, context) =>
    typeof value === 'number' && context?.source !== undefined && String(value) !== context.source ? new Written(context.source) : value
  return JSON.parse(text, exactly)
}

/** @param {unknown} value from parseExactly */
export const jsonTree = (value) => element('div', { className: 'json' }, node(null, value, 0))

/** @param {string | null} key @param {unknown} value @param {number} level @returns {HTMLElement} */
function node(key, value, level) {
  const name = key === null ? [] : [element('span', { className: 'key', textContent: visible(key) }), ': ']
  if (typeof value !== 'object' || value === null || value instanceof Written)
    return element('div', { className: 'leaf' }, ...name, leaf(value))
  const entries = Object.entries(value)
  const size = Array.isArray(value) ? `[${entries.length}]` : `{${entries.length}}`
  const made = element('details', {}, element('summary', {}, ...name, element('span', { className: 'quiet', textContent: size })))
  const fill = () => {
    if (made.open && made.childElementCount === 1) made.append(children(entries, 0, level + 1))
  }
  made.addEventListener('toggle', fill)
  made.open = level < openLevels && entries.length <= shownAtOnce
  fill()
  return made
}

/** @param {[string, unknown][]} entries @param {number} from @param {number} level @returns {HTMLElement} */
function children(entries, from, level) {
  const to = Math.min(entries.length, from + shownAtOnce)
  const made = element('div', { className: 'children' }, ...entries.slice(from, to).map(([key, value]) => node(key, value, level)))
  if (to < entries.length) {
    const more = button(`${Math.min(shownAtOnce, entries.length - to)} more of ${entries.length - to}`, () =>
      more.replaceWith(children(entries, to, level)),
    )
    made.append(more)
  }
  return made
}

/** @param {unknown} value */
function leaf(value) {
  if (typeof value === 'string') {
    const cut = value.length > shownText ? `${value.slice(0, shownText)}… (${value.length - shownText} more characters)` : value
    return element('span', { className: 'string', textContent: visible(JSON.stringify(cut)) })
  }
  return element('span', {
    className: typeof value === 'object' && value === null ? 'null' : typeof value === 'boolean' ? 'boolean' : 'number',
    textContent: value instanceof Written ? value.text : String(value),
  })
}
