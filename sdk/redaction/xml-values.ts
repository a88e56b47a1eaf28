/** Replaces the texts of elements and the values of attributes in XML by their names, without prefixes; all else stays as it is written. */

const element = /(<(?:[\w.-]+:)?([\w.-]+)(?:\s[^<>]*)?>)([^<>]+)(?=<\/)/g
const cdata = /(<(?:[\w.-]+:)?([\w.-]+)(?:\s[^<>]*)?>\s*<!\[CDATA\[)([^<>[\]]+)(?=\]\]>)/g
const attribute = /(\s(?:[\w.-]+:)?([\w.-]+)\s*=\s*)("[^"<]+"|'[^'<]+')/g
const reference = /&(?:#(\d{1,7})|#x([\da-f]{1,6})|(amp|lt|gt|quot|apos));/gi
const named: { readonly [name: string]: string } = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

/** @param replace what it gives needs no escapes */
export function replaceInXml(text: string, isKey: (name: string) => boolean, replace: (secret: string) => string): string {
  const inElement = (whole: string, start: string, name: string, value: string) =>
    value.trim() !== '' && isKey(name) ? start + replace(unescaped(value)) : whole
  return text
    .replace(element, inElement)
    .replace(cdata, (whole: string, start: string, name: string, value: string) => (isKey(name) ? start + replace(value) : whole))
    .replace(attribute, (whole: string, start: string, name: string, value: string) =>
      isKey(name) ? `${start}${value[0]}${replace(unescaped(value.slice(1, -1)))}${value[0]}` : whole,
    )
}

/** XML 1.0 sections 4.1 and 4.6. */
const unescaped = (text: string): string =>
  text.replace(reference, (whole, decimal?: string, hex?: string, name?: string) => {
    if (name !== undefined) return named[name.toLowerCase()] ?? whole
    const code = decimal !== undefined ? Number(decimal) : Number.parseInt(hex ?? '', 16)
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole
  })
