/**
 * The username and password of the session's proxy (RFC 9110 section 11.7), given to a browser that goes through it. Chromium takes none with `--proxy-server`, asks for them
 * while requests are paused only (Fetch), and keeps them in memory for each of its contexts (the profile's, each private one). So a hidden page asks weir for a page
 * of its own, which is on no record, and is answered; from then on the browser sends them by itself, and no request of a page is ever paused.
 */
import { isIP } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import type { SourceRun } from '../../../sdk/plugin.ts'
import { reachableHost } from '../launch/reachable-host.ts'
import type { CdpConnection, EventHandlers } from './connection.ts'
import type { Protocol } from './protocol.ts'

export interface ProxyCredentialsOptions {
  proxy: { host: string; port: number }
  credentials: NonNullable<SourceRun['proxyCredentials']>
  connection(): CdpConnection
  log(message: string): void
}

/** Answered by weir itself. Not to be found where it does not answer: the dot keeps search domains away. */
const place = 'http://weir./'
/** A browser that goes another way looks for it in vain, ms. */
const patienceMs = 5_000

export class ProxyCredentials {
  readonly #options: ProxyCredentialsOptions
  readonly #given = new Map<string, Promise<void>>()
  /** Of hidden pages that are about to be there, and of those that are. */
  readonly #opening = new Set<Promise<unknown>>()
  readonly #own = new Set<string>()

  constructor(options: ProxyCredentialsOptions) {
    this.#options = options
  }

  readonly handlers: EventHandlers = {
    'Fetch.requestPaused': ({ requestId }, session) => this.#say('Fetch.continueRequest', { requestId }, session),
    'Fetch.authRequired': ({ requestId, authChallenge }, session) => {
      const { username, password } = this.#options.credentials
      const authChallengeResponse = isAskedBy(authChallenge, this.#options.proxy)
        ? ({ response: 'ProvideCredentials', username, password } as const)
        : ({ response: 'CancelAuth' } as const)
      this.#say('Fetch.continueWithAuth', { requestId, authChallengeResponse }, session)
    },
  }

  /** Resolves when that context of the browser has them, or could not be given them. */
  give(context: string): Promise<void> {
    const given = this.#given.get(context) ?? this.#give(context)
    this.#given.set(context, given)
    return given
  }

  /** It is one of the hidden pages. */
  async isOwn(targetId: string): Promise<boolean> {
    // The browser tells of a page before it answers that it has made it.
    await Promise.all(this.#opening)
    return this.#own.has(targetId)
  }

  async #give(browserContextId: string): Promise<void> {
    const connection = this.#options.connection()
    const opened = connection.ask('Target.createTarget', { url: 'about:blank', hidden: true, browserContextId })
    const opening = opened.then(
      ({ targetId }) => this.#own.add(targetId),
      () => undefined,
    )
    this.#opening.add(opening)
    void opening.then(() => this.#opening.delete(opening))
    try {
      const { targetId } = await opened
      await Promise.race([this.#visit(targetId), setTimeout(patienceMs, undefined, { ref: false })])
      await connection.ask('Target.closeTarget', { targetId })
      this.#own.delete(targetId)
    } catch (error) {
      this.#given.delete(browserContextId)
      this.#options.log(`the credentials of the proxy could not be given to the browser: ${(error as Error).message}`)
    }
  }

  async #visit(targetId: string): Promise<void> {
    const connection = this.#options.connection()
    const { sessionId } = await connection.ask('Target.attachToTarget', { targetId, flatten: true })
    await connection.ask('Fetch.enable', { handleAuthRequests: true, patterns: [{ urlPattern: `${place}*` }] }, sessionId)
    await connection.ask('Page.navigate', { url: place }, sessionId)
  }

  readonly #say = (...asked: Parameters<CdpConnection['ask']>): void => {
    // The page may be gone by now.
    void this.#options
      .connection()
      .ask(...asked)
      .catch(() => undefined)
  }
}

/** No origin's challenge, and no other proxy's. */
export function isAskedBy({ source, origin }: Protocol.Fetch.AuthChallenge, proxy: { host: string; port: number }): boolean {
  const asking = URL.parse(origin)
  if (source !== 'Proxy' || asking === null || Number(asking.port || 80) !== proxy.port) return false
  const host = asking.hostname.replace(/^\[|\]$/g, '')
  const own = reachableHost(proxy.host)
  return host === own || (isLocal(own) && isLocal(host))
}

const isLocal = (host: string): boolean => host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
