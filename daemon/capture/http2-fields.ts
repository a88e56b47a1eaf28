/** Field lists of HTTP/2 as heads: pseudo-header fields apart (RFC 9113 section 8.3), the rest as sent. */
import type { FieldBlock } from '../store/records.ts'
import type { Field } from './decoders/hpack.ts'
import { TwoGenerations } from './two-generations.ts'

/** '' where a field is missing. */
export interface Http2Head {
  method: string
  scheme: string
  authority: string
  path: string
  status: string
  /** RFC 8441. */
  protocol: string
  /** Without the pseudo-header fields. */
  block: FieldBlock
}

const pseudoFields: Record<string, Exclude<keyof Http2Head, 'block'>> = {
  ':method': 'method',
  ':scheme': 'scheme',
  ':authority': 'authority',
  ':path': 'path',
  ':status': 'status',
  ':protocol': 'protocol',
}

export class Http2Heads {
  /** The same object for the same fields: the store interns by identity. */
  #blocks = new TwoGenerations<FieldBlock>(4_096, 4 * 1024 * 1024)

  read(fields: readonly Field[]): Http2Head {
    const head: Http2Head = { method: '', scheme: '', authority: '', path: '', status: '', protocol: '', block: noFields }
    const rest: Field[] = []
    let key = ''
    for (const field of fields) {
      const [name, value] = field
      const pseudo = name.charCodeAt(0) === 58 ? pseudoFields[name] : undefined
      if (pseudo !== undefined) {
        head[pseudo] = value
        continue
      }
      rest.push(field)
      key += `${name}\0${value}\0`
    }
    if (rest.length > 0) head.block = this.#blocks.get(key, () => ({ fields: rest }))
    return head
  }
}

const noFields: FieldBlock = Object.freeze({ fields: [] })
