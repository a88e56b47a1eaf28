/** The head of a CONNECT request (RFC 9110 section 9.3.6). */
import { type Destination, parseAuthority } from './destination.ts'

export interface ConnectRequest {
  /** As the client wrote it. */
  authority: string
  /** null: the authority is none. */
  destination: Destination | null
  /** The value of Proxy-Authorization; null: none was sent. */
  authorization: string | null
  /** Bytes it takes. */
  length: number
}

export const connectHeadLimit = 64 * 1024

/** Offset just after the empty line that ends a head; -1: it has not come. Bare line feeds count (RFC 9112 section 2.2). */
function endOfHead(bytes: Buffer): number {
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) {
    if (bytes[at + 1] === 10) return at + 2
    if (bytes[at + 1] === 13 && bytes[at + 2] === 10) return at + 3
  }
  return -1
}

/** null: the head is not whole. */
export function parseConnect(bytes: Buffer): ConnectRequest | null {
  const length = endOfHead(bytes)
  if (length < 0) return null
  const [first = '', ...fields] = bytes.toString('latin1', 0, length).split(/\r?\n/)
  const authority = /^CONNECT +(\S+)(?: +HTTP\/1\.[01])? *$/.exec(first)?.[1] ?? ''
  let authorization: string | null = null
  for (const field of fields) {
    const match = /^proxy-authorization[ \t]*:[ \t]*(.*?)[ \t]*$/i.exec(field)
    if (match) authorization = match[1] ?? ''
  }
  return { authority, destination: parseAuthority(authority, null), authorization, length }
}
