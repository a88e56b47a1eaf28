/** A body: as JSON, an image, text or bytes; read in ranges, as far as it is looked at. */
import { button, element, visibleLines } from './dom.js'
import { mediaType } from './facts.js'
import { bytes } from './format.js'
import { fromBase64, hex } from './hex.js'
import { jsonTree, parseExactly } from './json-tree.js'
import { tabs } from './tabs.js'

/** @typedef {import('./connection.js').Connection} Connection */
/** @typedef {import('../../sdk/model.ts').Exchange} Exchange */
/** @typedef {'request' | 'response'} Part */
/** @typedef {{connection: Connection, exchange: Exchange, part: Part}} Subject */

const textAtOnce = 256 * 1024
const mostText = 8 * 1024 * 1024
const mostJson = 4 * 1024 * 1024
const mostImage = 16 * 1024 * 1024
const bytesAtOnce = 8 * 1024
const images = /^image\/(?:png|jpeg|gif|webp|avif|bmp|svg\+xml|x-icon|vnd\.microsoft\.icon)$/

/** The view that was chosen last, for each kind of content. @type {Map<string, string>} */
const chosen = new Map()

/** @param {Subject} subject */
export function bodyView(subject) {
  const { exchange, part } = subject
  const message = exchange[part]
  if (!message || message.bodySize === 0) return element('p', { className: 'quiet', textContent: 'No body.' })
  const type = mediaType(message.headers)
  const isJson = /[/+](?:x-)?(?:nd)?json\b/.test(type)
  const views = [
    ...(isJson ? [{ name: 'JSON', show: () => coming(json(subject)) }] : []),
    ...(images.test(type) ? [{ name: 'Image', show: () => coming(image(subject, type)) }] : []),
    { name: 'Text', show: () => coming(text(subject)) },
    ...(isJson || images.test(type) ? [] : [{ name: 'JSON', show: () => coming(json(subject)) }]),
    { name: 'Hex', show: () => hexView(subject) },
  ]
  const kept = message.truncated ? ', not all of it was kept' : ''
  return element(
    'div',
    { className: 'body' },
    element('p', { className: 'quiet', textContent: `${type || 'no type'}, ${bytes(message.bodySize)} on the wire${kept}` }),
    tabs(`Body of the ${part}`, views, chosen.get(type), (name) => chosen.set(type, name)),
  )
}

/** Stands for what is still read. @param {Promise<Node>} work */
function coming(work) {
  const place = element('div', { textContent: 'Reading…', className: 'quiet' })
  work.then(
    (node) => place.replaceWith(node),
    (error) => {
      place.textContent = error.data?.reason === 'notText' ? 'This is no text; Hex shows its bytes.' : error.message
    },
  )
  return place
}

/** @param {Subject} subject @param {object} range @param {'exchange/readBody' | 'exchange/readText'} method */
const read = ({ connection, exchange: { sessionId, seq }, part }, method, range) =>
  connection.call(method, { sessionId, seq, part, ...range })

/** @param {Subject} subject */
async function text(subject) {
  const shown = element('pre', { tabIndex: 0 })
  const rest = element('p', { className: 'more' })
  let offset = 0
  const more = async () => {
    const { text, next, size, eof, charset, malformed } = await read(subject, 'exchange/readText', { offset, length: textAtOnce })
    shown.append(visibleLines(text))
    offset = next
    rest.replaceChildren()
    if (malformed) rest.append(`Some bytes are no ${charset}. `)
    if (next < size && offset < mostText)
      // Its place is taken meanwhile, so that nothing is read twice.
      rest.append(button(`Read on (${bytes(size - next)} more)`, () => rest.replaceChildren(coming(more().then(() => rest)))))
    else if (next < size)
      rest.append(`${bytes(size - next)} more: weir body ${subject.exchange.sessionId} ${subject.exchange.seq} ${subject.part}`)
    else if (!eof) rest.append('More is arriving.')
  }
  await more()
  return element('div', {}, shown, rest)
}

/** @param {Subject} subject */
async function json(subject) {
  /** @type {string[]} */
  const pieces = []
  for (let offset = 0; ; ) {
    const { text, next, size, eof } = await read(subject, 'exchange/readText', { offset, length: 1024 * 1024 })
    if (size > mostJson)
      return element('p', { className: 'quiet', textContent: `With ${bytes(size)} it is too large for a tree; Text shows it.` })
    pieces.push(text)
    offset = next
    if (eof || next >= size || text === '') break
  }
  try {
    return jsonTree(parseExactly(pieces.join('')))
  } catch (error) {
    return element('p', { className: 'quiet', textContent: `It is no JSON: ${/** @type {Error} */ (error).message}` })
  }
}

/** Captured images reach nothing but an <img>, where scripts do not run and nothing is fetched. @param {Subject} subject @param {string} type */
async function image(subject, type) {
  const pieces = []
  for (let offset = 0; ; ) {
    const { data, size, eof } = await read(subject, 'exchange/readBody', { offset, decode: true })
    if (size > mostImage) return element('p', { className: 'quiet', textContent: `With ${bytes(size)} it is not shown.` })
    const piece = fromBase64(data)
    pieces.push(piece)
    offset += piece.length
    if (eof || piece.length === 0) break
  }
  const url = URL.createObjectURL(new Blob(pieces, { type }))
  const shown = element('img', { alt: `Body of the ${subject.part}`, className: 'image' })
  const facts = element('p', { className: 'quiet' })
  // Once it is drawn nobody needs the bytes any more.
  shown.addEventListener('load', () => {
    facts.textContent = `${shown.naturalWidth} × ${shown.naturalHeight}`
    URL.revokeObjectURL(url)
  })
  shown.addEventListener('error', () => {
    facts.textContent = 'It cannot be shown as an image.'
    URL.revokeObjectURL(url)
  })
  shown.src = url
  return element('div', {}, shown, facts)
}

/** @param {Subject} subject */
function hexView(subject) {
  const shown = element('pre', { className: 'hex', tabIndex: 0 })
  const place = element('span', { className: 'quiet' })
  let offset = 0
  let size = 0
  const go = async (/** @type {number} */ to) => {
    offset = Math.max(0, Math.min(to, size - (size % bytesAtOnce)))
    const found = await read(subject, 'exchange/readBody', { offset, length: bytesAtOnce, decode: true })
    size = found.size
    const data = fromBase64(found.data)
    shown.textContent = hex(data, offset)
    place.textContent = ` ${offset} to ${offset + data.length} of ${size} bytes `
    back.disabled = offset === 0
    on.disabled = offset + bytesAtOnce >= size
  }
  const turn = (/** @type {number} */ to) =>
    void go(to).catch((error) => {
      shown.textContent = error.message
    })
  const back = button('Back', () => turn(offset - bytesAtOnce))
  const on = button('On', () => turn(offset + bytesAtOnce))
  turn(0)
  return element('div', {}, shown, element('p', { className: 'more' }, back, place, on))
}
