/** The cookies of a jar go with what is sent, and those of the responses go into it. */
import { conflict, invalidParams } from '../../../sdk/errors.ts'
import type { Response } from '../../../sdk/model.ts'
import { holdsPseudonym } from '../../../sdk/redaction/pseudonyms.ts'
import { type Draft, valuesOf } from './draft.ts'

/** What sending needs of the cookie jars. */
export interface CookieJars {
  /** The value of the Cookie field for a request; null: none goes. */
  cookieField(jar: string, request: { url: string }): Promise<string | null>
  /** Takes the Set-Cookie fields of a response, in their order. */
  take(jar: string, response: { url: string }, setCookie: readonly string[]): Promise<unknown>
}

const hidden =
  'the filters of the session hide the cookies of the response, so the jar cannot take them: name another session for what is sent'

export class SentCookies {
  readonly #jars: CookieJars
  /** undefined: no jar was named, and the fields stay as they are. */
  readonly #jar: string | undefined

  constructor(jars: CookieJars, jar: string | undefined) {
    this.#jars = jars
    this.#jar = jar
  }

  /** With the jar's cookies in the place of its own. */
  async into(draft: Draft): Promise<Draft> {
    if (this.#jar === undefined) return draft
    const field = await this.#jars.cookieField(this.#jar, { url: draft.url })
    const isCookie = (name: string) => name.toLowerCase() === 'cookie'
    const place = draft.headers.findIndex(([name]) => isCookie(name))
    const headers = draft.headers.filter(([name]) => !isCookie(name))
    if (field !== null) headers.splice(place < 0 ? headers.length : place, 0, ['Cookie', field])
    return { ...draft, headers }
  }

  /** Of a response as it is on record. Rejects with 1002 cookiesHidden. */
  async takeFrom({ url }: Draft, response: Response | null): Promise<void> {
    if (this.#jar === undefined || response === null) return
    const fields = valuesOf(response.headers, 'set-cookie')
    if (fields.some(holdsPseudonym)) throw conflict('cookiesHidden', hidden)
    await this.#jars.take(this.#jar, { url }, fields)
  }
}

/** -32602 conflictingParams: which of them were meant nobody can know. */
export function refuseBoth(jar: string | undefined, headers: readonly (readonly [string, string | null])[]): void {
  if (jar === undefined || !headers.some(([name, value]) => name.toLowerCase() === 'cookie' && value !== null)) return
  const message = 'a jar says which cookies go: leave out either the jar or the header Cookie'
  throw invalidParams('conflictingParams', message, [{ path: '/jar', message: 'goes without a header Cookie' }])
}
