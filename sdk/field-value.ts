/** Of the first field of that name, given in lower case. */
export function fieldValue(fields: readonly (readonly [string, string])[], wanted: string): string | null {
  for (const [name, value] of fields) if (name.length === wanted.length && name.toLowerCase() === wanted) return value
  return null
}
