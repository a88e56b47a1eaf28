/** The line in front of a chunk (RFC 9112 section 7.1): hexadecimal size, extensions, line end. */

/** Longer lines are taken for garbage. */
export const maxChunkLine = 16 * 1024

/** What `readChunkSize` gives instead of a size. */
export const unreadableSize = -1

const hexadecimal = (byte: number): number => {
  if (byte >= 48 && byte <= 57) return byte - 48
  const letter = byte | 32
  return letter >= 97 && letter <= 102 ? letter - 87 : -1
}

/** @param end the index of the line feed. Extensions are skipped: `hasExtension` tells of them. */
export function readChunkSize(bytes: Buffer, start: number, end: number): number {
  let size = 0
  let at = start
  for (; at < end; at++) {
    const digit = hexadecimal(bytes[at] as number)
    if (digit < 0) break
    size = size * 16 + digit
    if (size > Number.MAX_SAFE_INTEGER) return unreadableSize
  }
  if (at === start) return unreadableSize
  while (at < end && (bytes[at] === 32 || bytes[at] === 9)) at++
  if (at === end || bytes[at] === 59) return size
  return bytes[at] === 13 && at === end - 1 ? size : unreadableSize
}

/** Whether anything but digits stands before the line end: extensions, or white space that some readers take for them. */
export function hasExtension(bytes: Buffer, start: number, end: number): boolean {
  let last = end - 1
  if (last >= start && bytes[last] === 13) last--
  return last >= start && hexadecimal(bytes[last] as number) < 0 ? true : bytes.subarray(start, end).includes(59)
}
