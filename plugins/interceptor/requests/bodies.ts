/** Bodies that only the browser has: asked for as many at a time as memory allows. */

import type { BrowserView } from '../../../sdk/browser-view.ts'
import type { Headers } from '../../../sdk/model.ts'
import type { CdpConnection } from '../cdp/connection.ts'
import type { Protocol } from '../cdp/protocol.ts'
import { fieldOf } from './header-fields.ts'
import { Room } from './room.ts'

export interface FoundBody {
  /** null: there is none, or none was got. */
  data: Uint8Array | null
  mark?: NonNullable<BrowserView['responseBody']>
}

export interface BodySize {
  /** Without its Content-Encoding. */
  size: number
  /** As it was received. */
  wireSize: number
}

/** Whoever asks for more makes the browser and this process hold it several times. */
export const mostBodyBytes = 32 * 1024 * 1024
const mostAtATime = 48 * 1024 * 1024
/** What an answer takes at least. */
const leastBytes = 64 * 1024
const mostWaiting = 5_000

export class Bodies {
  readonly #connection: Pick<CdpConnection, 'ask'>
  readonly #room = new Room(mostAtATime, mostWaiting)

  constructor(connection: Pick<CdpConnection, 'ask'>) {
    this.#connection = connection
  }

  /** @param size as far as the browser told; some (of a blob) it only tells by the length that it received, and does not have them @param fields of the response */
  response(session: string, requestId: string, { size, wireSize }: BodySize, fields: Headers): Promise<FoundBody> {
    return this.#inTurn(Math.max(size, wireSize), async () => {
      const { body, base64Encoded } = await this.#connection.ask('Network.getResponseBody', { requestId }, session)
      const data = Buffer.from(body, base64Encoded ? 'base64' : 'utf8')
      if (data.length === 0 && wireSize > 0) return { data: null, mark: 'discarded' }
      if (base64Encoded && data.length < size) return { data, mark: 'partial' }
      const isExact = base64Encoded && fieldOf(fields, 'content-encoding') === null
      return { data, ...(!isExact && { mark: 'decoded' }) }
    })
  }

  /** @param fields as they were sent */
  request(session: string, requestId: string, request: Protocol.Network.Request, fields: Headers): Promise<FoundBody> {
    if (!request.hasPostData) return Promise.resolve({ data: null })
    const told = fieldOf(fields, 'content-length')
    const length = told === null ? null : Number(told)
    const entries = request.postDataEntries?.map(({ bytes }) => (bytes === undefined ? null : Buffer.from(bytes, 'base64'))) ?? []
    if (entries.length > 0 && entries.every((entry) => entry !== null)) {
      const data = Buffer.concat(entries)
      return Promise.resolve(withMark(data, length, fields))
    }
    return this.#inTurn(length ?? 0, async () => {
      const { postData, base64Encoded } = await this.#connection.ask('Network.getRequestPostData', { requestId }, session)
      return withMark(Buffer.from(postData, base64Encoded ? 'base64' : 'utf8'), length, fields)
    })
  }

  async #inTurn(bytes: number, read: () => Promise<FoundBody>): Promise<FoundBody> {
    const turn = bytes > mostBodyBytes ? null : this.#room.take(Math.max(bytes, leastBytes))
    if (turn === null) return { data: null, mark: 'notRead' }
    const giveBack = await turn
    try {
      const found = await read()
      return found.data?.length === 0 && found.mark !== 'partial' ? { data: null } : found
    } catch {
      // Its buffer was full, its page is gone, or it does not answer.
      return { data: null, mark: 'discarded' }
    } finally {
      giveBack()
    }
  }
}

/** Files from a disk are left out of what it tells, without a word: only the length shows it. */
function withMark(data: Buffer, length: number | null, fields: Headers): FoundBody {
  if (length !== null) return data.length === length ? { data } : { data, mark: data.length < length ? 'partial' : 'decoded' }
  const mayLackFiles = /^multipart\//i.test(fieldOf(fields, 'content-type') ?? '') && data.includes('filename="')
  return mayLackFiles ? { data, mark: 'partial' } : { data }
}
