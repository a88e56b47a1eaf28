/** HPACK (RFC 7541), the decoding side: blocks of one direction of a connection, in order. */
import { decodeHuffman } from './huffman.ts'

export type Field = [name: string, value: string]

const fields = (text: string): Field[] =>
  text
    .trim()
    .split('\n')
    .map((line) => {
      const [name = '', value = ''] = line.split('\t')
      return [name, value]
    })

/** RFC 7541 appendix A. */
const staticTable: readonly Field[] = fields(`
:authority
:method\tGET
:method\tPOST
:path\t/
:path\t/index.html
:scheme\thttp
:scheme\thttps
:status\t200
:status\t204
:status\t206
:status\t304
:status\t400
:status\t404
:status\t500
accept-charset
accept-encoding\tgzip, deflate
accept-language
accept-ranges
accept
access-control-allow-origin
age
allow
authorization
cache-control
content-disposition
content-encoding
content-language
content-length
content-location
content-range
content-type
cookie
date
etag
expect
expires
from
host
if-match
if-modified-since
if-none-match
if-range
if-unmodified-since
last-modified
link
location
max-forwards
proxy-authenticate
proxy-authorization
range
referer
refresh
retry-after
server
set-cookie
strict-transport-security
transfer-encoding
user-agent
vary
via
www-authenticate
`)

/** RFC 7541 section 4.1. */
const entryOverhead = 32
const usualTableSize = 4096
/** A field list may be far larger than its block, for one byte can repeat a table entry; RFC 9113 section 10.5.1 names the risk. */
const usualListLimit = 1024 * 1024

/**
 * A dynamic table that holds more is not followed. Peers agree on 4 to 64 KiB; an entry may cost two bytes on the wire and a hundred here, so that
 * what a table may hold must not grow for as long as a connection lives.
 */
const largestTable = 1024 * 1024

export interface FieldList {
  /** In order; pairs may be shared with other lists. */
  fields: Field[]
  /** RFC 9113 section 6.5.2. */
  size: number
  /** Fields beyond the limit are left out. */
  truncated: boolean
}

/** Newest last; what was evicted stays until half of the array is unused. */
class DynamicTable {
  #entries: Field[] = []
  #first = 0
  #size = 0
  #limit = usualTableSize

  /** @param index 0: the newest */
  get(index: number): Field | undefined {
    return index < this.#entries.length - this.#first ? this.#entries[this.#entries.length - 1 - index] : undefined
  }

  /** False: it would hold more than is followed. */
  add(field: Field): boolean {
    this.#entries.push(field)
    this.#size += sizeOf(field)
    this.#evict()
    return this.#size <= largestTable
  }

  resize(limit: number): void {
    this.#limit = limit
    this.#evict()
  }

  #evict(): void {
    while (this.#size > this.#limit) {
      this.#size -= sizeOf(this.#entries[this.#first] as Field)
      this.#first++
    }
    if (this.#first > 64 && this.#first * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#first)
      this.#first = 0
    }
  }
}

const sizeOf = ([name, value]: Field): number => name.length + value.length + entryOverhead

export class HpackDecoder {
  readonly #listLimit: number
  readonly #table = new DynamicTable()
  #block: Buffer = Buffer.alloc(0)
  #at = 0
  #failed = false

  /** @param listLimit bytes of names and values of one list, each with 32 more (RFC 9113 section 6.5.2, MAX_HEADER_LIST_SIZE) */
  constructor(listLimit = usualListLimit) {
    this.#listLimit = listLimit
  }

  /**
   * null: the block is no HPACK; later ones cannot be decoded either. A reader of both directions cannot tell which setting
   * was in force when, so table size updates are taken as they come, as long as the table in fact holds no more than 1 MiB.
   */
  decode(block: Buffer): FieldList | null {
    if (this.#failed) return null
    this.#block = block
    this.#at = 0
    const list: FieldList = { fields: [], size: 0, truncated: false }
    while (this.#at < block.length) {
      const first = block[this.#at] as number
      if ((first & 0xe0) === 0x20) {
        const limit = this.#integer(5)
        if (limit >= 0) this.#table.resize(limit)
        continue
      }
      const field = this.#field(first)
      if (field === null) {
        this.#failed = true
        return null
      }
      list.size += sizeOf(field)
      if (list.size > this.#listLimit) list.truncated = true
      else list.fields.push(field)
    }
    return this.#failed ? null : list
  }

  #field(first: number): Field | null {
    if ((first & 0x80) !== 0) return this.#indexed(this.#integer(7)) ?? null
    const isIndexing = (first & 0x40) !== 0
    const index = this.#integer(isIndexing ? 6 : 4)
    const name = index === 0 ? this.#string() : (this.#indexed(index)?.[0] ?? null)
    const value = name === null ? null : this.#string()
    if (name === null || value === null) return null
    const field: Field = [name, value]
    return !isIndexing || this.#table.add(field) ? field : null
  }

  #indexed(index: number): Field | undefined {
    return index <= staticTable.length ? staticTable[index - 1] : this.#table.get(index - staticTable.length - 1)
  }

  /** RFC 7541 section 5.1; below 2^32. -1: cut short or too large, and the decoder has failed. */
  #integer(prefixBits: number): number {
    const block = this.#block
    const mask = (1 << prefixBits) - 1
    let value = (block[this.#at++] as number) & mask
    if (value < mask) return value
    for (let factor = 1; this.#at < block.length && factor <= 2 ** 28; factor *= 128) {
      const byte = block[this.#at++] as number
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return value < 2 ** 32 ? value : this.#fail()
    }
    return this.#fail()
  }

  #fail(): -1 {
    this.#failed = true
    this.#at = this.#block.length
    return -1
  }

  /** RFC 7541 section 5.2. */
  #string(): string | null {
    const block = this.#block
    if (this.#at >= block.length) return null
    const isHuffman = ((block[this.#at] as number) & 0x80) !== 0
    const length = this.#integer(7)
    const start = this.#at
    const end = start + length
    if (length < 0 || end > block.length) return null
    this.#at = end
    return isHuffman ? decodeHuffman(block, start, end) : block.toString('latin1', start, end)
  }
}
