/** Elements without markup: whatever was captured reaches the page as text, never as HTML. */

/**
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {Partial<HTMLElementTagNameMap[Name]>} [properties]
 * @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[Name]}
 */
export function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties)
  made.append(...children)
  return made
}

/**
 * @param {string} name of an SVG element
 * @param {{[name: string]: string | number}} attributes
 * @param {(Node | string)[]} children
 */
export function drawn(name, attributes, ...children) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value))
  made.append(...children)
  return made
}

/**
 * An element of index.html.
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} id
 * @returns {T}
 */
export function byId(id) {
  const found = document.getElementById(id)
  if (!found) throw new Error(`index.html has no element ${id}`)
  return /** @type {T} */ (found)
}

/**
 * @param {string} text
 * @param {() => void} act
 * @param {Partial<HTMLButtonElement>} [properties]
 */
export function button(text, act, properties = {}) {
  const made = element('button', { type: 'button', textContent: text, ...properties })
  made.addEventListener('click', act)
  return made
}

/**
 * Control characters, and those that turn the direction of text or cannot be seen, as marks that can.
 * @param {string} text
 */
export const visible = (text) => text.replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g, mark)

/**
 * The same for text of many lines, which keeps its line breaks and tabs.
 * @param {string} text
 */
export const visibleLines = (text) =>
  text.replace(/\r\n/g, '\n').replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, mark)

/** @param {string} character */
const mark = (character) => {
  const code = character.charCodeAt(0)
  return code < 0x20 ? String.fromCharCode(0x2400 + code) : `<U+${code.toString(16).toUpperCase().padStart(4, '0')}>`
}
