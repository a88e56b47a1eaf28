/** POST /pair {code, name?} -> {token, tokenId, name, rights}: for extensions, pages of this port, pages that a code was made for, and programs. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { invalidParams, unavailable } from '../../../sdk/errors.ts'
import { closed, Type } from '../../../sdk/schema.ts'
import { Validator } from '../../../sdk/validation.ts'
import { answerJson, type HttpRoom, plainHeaders, readJson } from './http-room.ts'
import type { Pairings } from './pairings.ts'
import { isExtensionOrigin, isOwnOrigin } from './request-check.ts'

const mostBytes = 4096

const Asked = closed({
  code: Type.String({ minLength: 1, maxLength: 40 }),
  name: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
})

export class PairRoom implements HttpRoom {
  readonly name = 'pair'
  readonly #pairings: Pairings
  readonly #validator = new Validator()

  constructor(pairings: Pairings) {
    this.#pairings = pairings
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const origin = request.headers.origin ?? null
    this.#allow(origin, request.socket.localPort ?? 0, response)
    if (request.method === 'OPTIONS') {
      response.writeHead(204, plainHeaders).end()
      return
    }
    if (request.method !== 'POST') throw unavailable('methodRefused', 'pairing is POST /pair {"code": ...}')
    const asked = await readJson(request, mostBytes)
    const errors = this.#validator.check(Asked, asked)
    if (errors.length > 0) throw invalidParams('invalidParams', 'it takes {"code": "1234-5678", "name": "..."}', errors)
    const { code, name = 'a client' } = asked as { code: string; name?: string }
    const { token, secret } = this.#pairings.redeem(code, name, origin)
    answerJson(response, 200, { token: secret, tokenId: token.id, name: token.name, rights: token.rights })
  }

  /** A foreign page is turned away before its code is looked at, so it cannot use up the tries of others. */
  #allow(origin: string | null, port: number, response: ServerResponse): void {
    if (origin === null) return
    if (!isExtensionOrigin(origin) && !isOwnOrigin(origin, port) && !this.#pairings.origins.includes(origin))
      throw unavailable('originRefused', 'pages of this origin may not pair; pairing/start {origin} makes a code for one')
    response.setHeader('Access-Control-Allow-Origin', origin)
    response.setHeader('Vary', 'Origin')
    response.setHeader('Access-Control-Allow-Methods', 'POST')
    response.setHeader('Access-Control-Allow-Headers', 'content-type')
    // Private network access: a page of a public site asks for it before it may reach this machine.
    response.setHeader('Access-Control-Allow-Private-Network', 'true')
  }
}
