/** Segments of URL paths: which of them are data. */

export type SegmentKind = 'integer' | 'uuid' | 'ulid' | 'date' | 'hex' | 'text'

const kinds: [SegmentKind, RegExp][] = [
  ['integer', /^\d{1,15}$/],
  ['uuid', /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i],
  ['ulid', /^[0-7][\dabcdefghjkmnpqrstvwxyz]{25}$/i],
  ['date', /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/],
  ['hex', /^(?=.*\d)[\da-f]{8,}$/i],
  ['text', /^\d{16,}$|^(?=(?:.*\d){3})[\w-]{20,}$/],
]

/** null: it is a word of the API. `text`: random characters. */
export function segmentKind(segment: string): SegmentKind | null {
  // Whatever is none of a UUID's length has a digit.
  if (segment.length !== 36 && !/\d/.test(segment)) return null
  return kinds.find(([, pattern]) => pattern.test(segment))?.[0] ?? null
}

/** Of a template; what is longer is data, whatever it says. */
const segmentLength = 100
const segmentsMaximum = 64

/** `/users/42/on/2026-01-31` -> `/users/{id}/on/{date}`; what comes after 64 segments is left out. @param path without its query */
export const pathTemplate = (path: string): string => path.split('/', segmentsMaximum).map(templateSegment).join('/')

function templateSegment(segment: string): string {
  if (segment.length > segmentLength) return '{name}'
  const kind = segmentKind(segment)
  if (kind === null) return segment
  return kind === 'date' ? '{date}' : '{id}'
}
