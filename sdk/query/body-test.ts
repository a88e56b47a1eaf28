/** Tests of bodies: of their text in the charset they have, or of their bytes where they are no text. */
import { bodyText, textCharset } from '../body-text.ts'
import { MediaTypes } from '../media-type.ts'
import type { Headers } from '../model.ts'
import type { Test } from './ast.ts'
import { jsonTest } from './json-path.ts'
import { textTest } from './text-test.ts'

/** Larger ones are not read as JSON, bytes. */
const jsonReach = 16 * 1024 * 1024

export type BodyTest = (bytes: Uint8Array, headers: Readonly<Headers>) => boolean

const types = new MediaTypes()

function typeOf(headers: Readonly<Headers>) {
  const field = headers.find(([name]) => name.toLowerCase() === 'content-type')
  return types.parse(field === undefined ? '' : field[1])
}

/** One character for each byte of its UTF-8. */
const byteText = (text: string): string => Buffer.from(text).toString('latin1')

export function bodyTest(test: Test): BodyTest {
  if (test.type === 'present') return () => true
  const inText = textTest(test, false)
  const inBytes = textTest('pieces' in test ? { ...test, pieces: test.pieces.map(byteText) } : test, false)
  const needle = test.type === 'contains' && test.pieces.length === 1 ? Buffer.from(test.pieces[0] as string) : null
  return (bytes, headers) => {
    const type = typeOf(headers)
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    // Without making a text of it.
    if (needle !== null && (textCharset(buffer, type) ?? 'utf-8') === 'utf-8') return buffer.includes(needle)
    const text = bodyText(buffer, type)
    return text === null ? inBytes(buffer.toString('latin1')) : inText(text)
  }
}

/** Of a body that is JSON, whatever its Content-Type says. */
export function jsonBodyTest(path: string | undefined, test: Test): BodyTest {
  const matches = jsonTest(path, textTest(test, false), test.type === 'present')
  return (bytes) => {
    if (bytes.byteLength > jsonReach) return false
    const root = parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'))
    return root !== undefined && matches(root)
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
