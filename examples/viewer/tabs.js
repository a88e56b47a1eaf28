/** Tabs as screen readers and keyboards know them (WAI-ARIA Authoring Practices: tabs with automatic activation). */
import { button, element } from './dom.js'

/**
 * @typedef {object} Tab
 * @property {string} name
 * @property {() => Node} show what it shows, made when it is chosen
 */

/**
 * @param {string} label of the whole
 * @param {Tab[]} tabs
 * @param {string} [chosen] the name of the one to begin with
 * @param {(name: string) => void} [remember] hears which is chosen
 */
export function tabs(label, tabs, chosen, remember) {
  const list = element('div', { role: 'tablist', ariaLabel: label, className: 'tabs' })
  const panel = element('div', { role: 'tabpanel', className: 'tabpanel', tabIndex: 0 })
  /** @param {number} at */
  const choose = (at) => {
    for (const [index, each] of buttons.entries()) {
      each.ariaSelected = String(index === at)
      each.tabIndex = index === at ? 0 : -1
    }
    const tab = tabs[at]
    if (!tab) return
    panel.ariaLabel = tab.name
    panel.replaceChildren(tab.show())
    remember?.(tab.name)
  }
  const buttons = tabs.map(({ name }, at) => button(name, () => choose(at), { role: 'tab' }))
  list.append(...buttons)
  list.addEventListener('keydown', (event) => {
    const now = buttons.findIndex((each) => each.ariaSelected === 'true')
    const moves = /** @type {{[key: string]: number}} */ ({ ArrowRight: now + 1, ArrowLeft: now - 1, Home: 0, End: buttons.length - 1 })
    const to = moves[event.key]
    if (to === undefined) return
    event.preventDefault()
    event.stopPropagation()
    const at = (to + buttons.length) % buttons.length
    choose(at)
    buttons[at]?.focus()
  })
  choose(
    Math.max(
      0,
      tabs.findIndex(({ name }) => name === chosen),
    ),
  )
  return element('div', { className: 'tabbed' }, list, panel)
}
