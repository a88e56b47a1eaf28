/** Text as bytes in the charsets of the WHATWG Encoding standard, of which the platform has the decoders only. */

type Table = ReadonlyMap<string, readonly number[]>
const tables = new Map<string, Table>()

/** @param charset a label; null: it is unknown, or has no bytes for some character (or more than two for one) */
export function encodeText(text: string, charset: string): Buffer | null {
  const name = canonical(charset)
  if (name === null) return null
  if (name === 'utf-8') return Buffer.from(text, 'utf8')
  if (name === 'utf-16le') return Buffer.from(text, 'utf16le')
  if (name === 'utf-16be') return Buffer.from(text, 'utf16le').swap16()
  const table = tableOf(name)
  const bytes: number[] = []
  for (const character of text) {
    const code = table.get(character)
    if (code === undefined) return null
    bytes.push(...code)
  }
  return Buffer.from(bytes)
}

function canonical(label: string): string | null {
  try {
    return new TextDecoder(label).encoding
  } catch {
    return null
  }
}

/** Made at the first need of a charset. */
function tableOf(name: string): Table {
  const known = tables.get(name)
  if (known) return known
  const decoder = new TextDecoder(name, { fatal: true })
  const table = new Map<string, readonly number[]>()
  const add = (...code: number[]) => {
    const character = decoded(decoder, code)
    if (character !== null && !table.has(character)) table.set(character, code)
  }
  for (let byte = 0; byte <= 0xff; byte++) add(byte)
  const leads = Array.from({ length: 0x7e }, (_, index) => 0x81 + index).filter((byte) => decoded(decoder, [byte]) === null)
  for (const lead of leads) for (let trail = 0x40; trail <= 0xfe; trail++) add(lead, trail)
  tables.set(name, table)
  return table
}

/** The one character that they stand for. */
function decoded(decoder: InstanceType<typeof TextDecoder>, code: readonly number[]): string | null {
  try {
    const text = decoder.decode(Uint8Array.from(code))
    return [...text].length === 1 ? text : null
  } catch {
    return null
  }
}
