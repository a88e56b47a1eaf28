/** What the jar thread answers, over a ThreadLink. Calls reject with WeirError. Naming a jar makes it, but for `cookieField` and `delete`. */
import type { Cookie } from '../../sdk/cookie/cookie.ts'
import type { CookieFormatName } from '../../sdk/cookie/format-names.ts'
import type { GivenCookie } from '../../sdk/cookie/given.ts'
import type { CookieContext } from '../../sdk/cookie/judge.ts'
import type { JarChange, JarImport, JarInfo } from '../../sdk/cookie/wire.ts'

/** A request, or the response to it, as cookies see it. */
export type JarContext = Omit<CookieContext, 'url' | 'topLevel' | 'at'> & { url: string; topLevel?: string | undefined }

/** Which cookies: all conditions hold. */
export interface CookieSelection {
  /** With its subdomains. */
  domain?: string | undefined
  name?: string | undefined
  path?: string | undefined
}

export type JarSurface = {
  open(params: { home: string }): void
  list(params: Record<never, never>): JarInfo[]
  /** Those of the jar that have not expired; with a request, those that go with it, in the order of the Cookie field. */
  get(params: { jar: string; select?: CookieSelection | undefined; request?: JarContext | undefined }): Cookie[]
  /** The value of the Cookie field for a request; null: none goes. */
  cookieField(params: { jar: string; request: JarContext }): string | null
  /** Takes the Set-Cookie fields of a response, in their order. */
  take(params: { jar: string; response: JarContext; setCookie: readonly string[] }): JarChange[]
  set(params: { jar: string; cookies: readonly GivenCookie[] }): JarChange[]
  /** How many there were. */
  remove(params: { jar: string; select: CookieSelection; exactDomain: boolean }): number
  /** The jar itself; how many cookies it held. */
  delete(params: { jar: string }): number
  import(params: {
    jar: string
    source: { path: string } | { text: string }
    format?: CookieFormatName | undefined
    url?: string | undefined
    keepGood: boolean
  }): JarImport
  /** `leftOut`: the format has no words for them. */
  export(params: { jar: string; format: CookieFormatName; select?: CookieSelection | undefined }): {
    bytes: Uint8Array
    cookies: number
    leftOut: number
  }
}

/** What it says by itself. */
export type JarEvents = {
  fault(params: { error: string }): void
}
