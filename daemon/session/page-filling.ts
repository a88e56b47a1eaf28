/** A page out of slices: each is a call of its own to a reader, so that other clients' calls come between. */
import type { Exchange } from '../../sdk/model.ts'
import type { Page, PageQuery } from '../store/surface.ts'

/** A page with fewer exchanges than asked for ends after so long, ms. */
const fillingMs = 300
/** Larger pages take no further slice, bytes; with it they stay below the protocol's pageBytes. */
const fillingBytes = 3 * 1024 * 1024
const sliceBytes = 4 * 1024 * 1024

export interface Filled<Slice> {
  items: Exchange[]
  first: Slice
  last: Slice
}

/**
 * @param read the next slice, after the one before it
 * @param mayBeEmpty otherwise it goes on, however long that takes, until there is an exchange or nothing is left
 */
export async function fillPage<Slice extends Page>(
  { limit, where }: Pick<PageQuery, 'limit' | 'where'>,
  mayBeEmpty: boolean,
  read: (query: PageQuery, before: Slice | null) => Promise<Slice>,
): Promise<Filled<Slice>> {
  const narrowed = where === undefined ? {} : { where }
  const first = await read({ ...narrowed, limit }, null)
  const items = [...first.items]
  let bytes = first.bytes
  let last = first
  const until = performance.now() + fillingMs
  // Without a query a slice is a whole page.
  while (where !== undefined && last.more && items.length < limit && bytes < fillingBytes) {
    if (performance.now() >= until && (mayBeEmpty || items.length > 0)) break
    last = await read({ ...narrowed, limit: limit - items.length, bytes: sliceBytes }, last)
    items.push(...last.items)
    bytes += last.bytes
  }
  return { items, first, last }
}
