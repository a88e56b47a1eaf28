/** Replaces the contents of parts in multipart/form-data (RFC 7578), without the parts' own encodings, which it deprecates. */

import { fieldValue } from '../field-value.ts'
import type { Headers } from '../model.ts'
import { MultipartReader, parseDisposition } from '../multipart.ts'

/**
 * The same bytes when there is nothing to hide; null when they cannot be read as parts, or one cannot be looked into.
 * @param replace what to put in the place of a content; the same when there is nothing to hide in it
 */
export function replaceInParts(
  bytes: Uint8Array,
  boundary: string | null,
  replace: (content: Uint8Array, name: string, headers: Headers) => Uint8Array | null,
): Uint8Array | null {
  if (boundary === null) return null
  const pieces: Uint8Array[] = []
  let from = 0
  let isWhole = true
  const reader = new MultipartReader(boundary, {
    keptBytes: bytes.length,
    part: ({ headers, offset, size, content }) => {
      if (content === null || size === 0) return
      const { name } = parseDisposition(fieldValue(headers, 'content-disposition') ?? '')
      const after = replace(content, name ?? '', headers)
      isWhole &&= after !== null
      if (after === null || after === content) return
      pieces.push(bytes.subarray(from, offset), after)
      from = offset + size
    },
  })
  reader.write(bytes)
  const fault = reader.end()
  if (!isWhole || (fault !== null && fault !== 'unterminated')) return null
  return from === 0 ? bytes : Buffer.concat([...pieces, bytes.subarray(from)])
}
