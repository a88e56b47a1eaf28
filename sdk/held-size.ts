/** What a value takes in memory, nearly, bytes. */
export function bytesOf(value: unknown): number {
  if (typeof value === 'string') return 16 + value.length
  if (value instanceof Uint8Array) return 64 + value.length
  if (typeof value !== 'object' || value === null) return 8
  let bytes = 32
  for (const part of Array.isArray(value) ? value : Object.values(value)) bytes += bytesOf(part)
  return bytes
}
