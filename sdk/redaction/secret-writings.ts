/** The ways in which programs commonly write a text into others. */

/** No way of writing but base64 changes them. */
const unchanged = /^[\w.-]*$/

/** As text and as the Latin-1 string of its bytes, percent-encoded, with the escapes of JSON and markup, and in base64 wherever it lies in it. */
export function writings(secret: string): Set<string> {
  const base64 = inBase64(Buffer.from(secret, 'utf8'))
  const all = [...base64, ...base64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'))]
  if (unchanged.test(secret)) return new Set([secret, ...all])
  const texts = [secret, ...inJson(secret), inMarkup(secret)]
  return new Set([...texts, ...texts.map((text) => Buffer.from(text, 'utf8').toString('latin1')), ...inUrl(secret), ...all])
}

/** RFC 3986 leaves `!'()*` as they are, forms leave `*` alone (WHATWG URL) and encode `~`; a URL in a URL is encoded twice. */
function inUrl(text: string): string[] {
  const percent = encodeURIComponent(text.toWellFormed())
  const form = percent.replace(/[!'()~]/g, encoded)
  const strict = percent.replace(/[!'()*]/g, encoded)
  const all = [percent, strict, form, form.replaceAll('%20', '+')]
  return [...all, percent.replaceAll('%20', '+'), ...all.map(lowerCase), encodeURIComponent(percent), encodeURIComponent(strict)]
}

const encoded = (character: string): string => `%${character.charCodeAt(0).toString(16).toUpperCase()}`
const lowerCase = (percent: string): string => percent.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())

/** As JavaScript writes it, PHP, Go, Python and .NET, and in a text of JSON again. */
function inJson(text: string): string[] {
  const json = JSON.stringify(text).slice(1, -1)
  const ascii = json.replace(/[^\0-\x7e]/g, unicodeEscape)
  const go = json.replace(/[<>&\u2028\u2029]/g, unicodeEscape)
  const php = ascii.replaceAll('/', '\\/')
  const net = json
    .replaceAll('\\"', '\\u0022')
    .replace(/[&'+<>`]|[^\0-\x7e]/g, (character) => unicodeEscape(character).toUpperCase().replace('U', 'u'))
  const withSlashes = json.replaceAll('/', '\\/')
  return [json, ascii, php, withSlashes, go, net, JSON.stringify(json).slice(1, -1)]
}

const unicodeEscape = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

/** As text and attributes of XML and HTML. */
const inMarkup = (text: string): string => text.replace(/[&<>"']/g, (character) => entities[character] ?? character)
const entities: { readonly [character: string]: string } = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** The characters that the bytes alone decide, at each of the three places that they may have. */
function inBase64(bytes: Buffer): string[] {
  return [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replace(/=+$/, '')
    const first = Math.ceil((before * 8) / 6)
    const last = Math.floor(((before + bytes.length) * 8) / 6)
    return text.slice(first, last)
  })
}
