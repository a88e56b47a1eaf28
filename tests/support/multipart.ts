/** A multipart body read with MultipartReader in pieces of any size. */
import { type MultipartFault, type MultipartPart, MultipartReader } from '../../sdk/multipart.ts'

export function readMultipart(body: Uint8Array, boundary: string, piece = body.length, keptBytes = 1e6) {
  const parts: MultipartPart[] = []
  const reader = new MultipartReader(boundary, { keptBytes, part: (part) => void parts.push(part) })
  for (let at = 0; at < body.length; at += Math.max(1, piece)) reader.write(body.subarray(at, at + Math.max(1, piece)))
  const fault: MultipartFault | null = reader.end()
  return { parts, fault }
}
