/** Bodies that a file has as text, as the bytes they were. */
import { MediaTypes } from '../../sdk/media-type.ts'
import type { Headers } from '../../sdk/model.ts'
import { contentCodings } from '../store/content-decoding.ts'
import { encodeContent } from '../store/content-encoding.ts'
import { encodeText } from './charset-encoding.ts'

/** It goes before what a head says of the charset. */
const byteOrderMark = '\ufeff'
const types = new MediaTypes()

/** Lower case, without parameters. */
export const essenceOf = (contentType: string): string => types.parse(contentType).essence

/** In the charset that the Content-Type names, where it has bytes for the text; else UTF-8. */
export function textBytes(text: string, contentType: string): Buffer {
  const { charset } = types.parse(contentType)
  return (charset === null || text.startsWith(byteOrderMark) ? null : encodeText(text, charset)) ?? Buffer.from(text, 'utf8')
}

/** A body that was decoded is encoded again, so that it is what its head says. */
export function contentEncoded(bytes: Buffer, headers: Headers): Buffer {
  const codings = bytes.length === 0 ? [] : contentCodings(headers)
  return codings.length > 0 ? encodeContent(bytes, codings) : bytes
}
