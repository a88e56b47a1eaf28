/**
 * All pages, frames and workers of a browser, whenever they come: each is paused at its start until its network is watched, so that no request is missed. A target that
 * shows itself in several sessions (a service worker in those of its pages, too) is watched in one of them.
 */

import { setTimeout } from 'node:timers/promises'
import type { CdpConnection, EventHandlers } from './connection.ts'
import type { Protocol } from './protocol.ts'
import type { ProxyCredentials } from './proxy-credentials.ts'

export interface WatchedTarget {
  session: string
  targetId: string
  type: string
  /** As it was when it came. */
  url: string
  /** The page or worker that it belongs to; null: the browser. */
  parent: WatchedTarget | null
}

export type TargetEnd = 'gone' | 'crashed' | 'takenAway'

export interface TargetsOptions {
  /** Of one page, frame or worker. */
  network: Protocol.Network.EnableRequest
  /** Of the session's proxy; null: it asks for none. */
  credentials: Pick<ProxyCredentials, 'give' | 'isOwn'> | null
  /** Another document takes the place of its own; told after `watchDocuments`. */
  navigated(target: WatchedTarget): void
  /** It is not watched any more. */
  ended(target: WatchedTarget, how: TargetEnd): void
}

/** How long a target stays paused at most, ms. */
const pausedMs = 1_000
const autoAttach = { autoAttach: true, waitForDebuggerOnStart: true, flatten: true }
/** Its own windows ask for nothing of HTTP. */
const ownUi = 'browser_ui'
const documentTypes = new Set(['page', 'iframe', 'other'])
/** They belong to the browser and outlive the page whose session shows them as well. */
const sharedTypes = new Set(['service_worker', 'shared_worker'])

export class Targets {
  readonly #options: TargetsOptions
  readonly #watched = new Map<string, WatchedTarget>()
  readonly #crashed = new Map<string, WatchedTarget>()
  readonly #readyPages: WatchedTarget[] = []
  /** Targets that tell when another document takes the place of theirs. */
  readonly #tellDocuments = new WeakSet<WatchedTarget>()
  readonly #knowing = new Map<string, PromiseWithResolvers<void>>()
  #awaited: { targetId: string | null; resolve(page: WatchedTarget): void }[] = []
  #connection: CdpConnection | null = null

  constructor(options: TargetsOptions) {
    this.#options = options
  }

  readonly handlers: EventHandlers = {
    'Target.attachedToTarget': (params, parent) => this.#came(params, parent),
    'Target.detachedFromTarget': ({ sessionId }) => this.#ended(sessionId, 'gone'),
    'Target.targetCrashed': ({ targetId }) => {
      for (const target of this.#watched.values()) if (target.targetId === targetId) this.#ended(target.session, 'crashed')
    },
    'Page.frameNavigated': ({ frame }, session) => {
      const target = this.of(session)
      // Its own frame, and none within that.
      if (frame.id === target?.targetId) this.#options.navigated(target)
    },
    'Inspector.targetCrashed': (_, session) => this.#ended(session, 'crashed'),
    'Inspector.detached': ({ reason }, session) => this.#ended(session, endBy(reason)),
    'Inspector.targetReloadedAfterCrash': (_, session) => {
      // Its session has stayed.
      const target = session === undefined ? undefined : this.#crashed.get(session)
      if (target) this.#watch(target)
    },
  }

  /** A page whose requests are seen, when it is there. @param targetId null: whichever is the first */
  page(targetId: string | null): Promise<WatchedTarget> {
    const ready = this.#readyPages.find((page) => targetId === null || page.targetId === targetId)
    return ready ? Promise.resolve(ready) : new Promise((resolve) => this.#awaited.push({ targetId, resolve }))
  }

  /** Those that are there, and all that will come. */
  async attach(connection: CdpConnection): Promise<void> {
    this.#connection = connection
    await connection.ask('Target.setAutoAttach', autoAttach)
  }

  /** Resolves when the processes of all have answered: what they had told before is here. One that stands still is not waited for longer than that. */
  async heard(withinMs: number): Promise<void> {
    const answers = [...this.#watched.keys()].map((session) => this.#say('Runtime.runIfWaitingForDebugger', undefined, session))
    await Promise.race([Promise.all(answers), setTimeout(withinMs, undefined, { ref: false })])
  }

  of(session: string | undefined): WatchedTarget | undefined {
    return session === undefined ? undefined : this.#watched.get(session)
  }

  /** From now on `navigated` is told of it. Not of each target: what nobody needs to know is not asked of a window that is only just opening. */
  watchDocuments(session: string): void {
    const target = this.of(session)
    if (!target || !documentTypes.has(target.type) || this.#tellDocuments.has(target)) return
    this.#tellDocuments.add(target)
    void this.#say('Page.enable', undefined, session)
  }

  /** The page that it is in, or is itself; null: it is in none. */
  pageOf(session: string | undefined): WatchedTarget | null {
    let target = this.of(session) ?? null
    while (target !== null && target.type !== 'page') target = target.parent
    return target
  }

  #came(params: Protocol.Target.AttachedToTargetEvent, parent: string | undefined): void {
    const { targetInfo, sessionId } = params
    const { credentials } = this.#options
    const mayBeOurs = credentials !== null && parent === undefined && ['page', 'other'].includes(targetInfo.type)
    if (!mayBeOurs) {
      this.#attached(params, parent)
      return
    }
    void credentials.isOwn(targetInfo.targetId).then((isOurs) => {
      if (!isOurs) this.#attached(params, parent)
      else if (params.waitingForDebugger) void this.#goOn(sessionId, null)
    })
  }

  #attached({ sessionId, targetInfo, waitingForDebugger }: Protocol.Target.AttachedToTargetEvent, parent: string | undefined): void {
    const { targetId, type, url, browserContextId } = targetInfo
    const given = browserContextId === undefined ? undefined : this.#options.credentials?.give(browserContextId)
    const isElsewhere = parent !== undefined && sharedTypes.has(type)
    const isWatched = [...this.#watched.values()].some((target) => target.targetId === targetId)
    if (!isElsewhere && !isWatched && type !== ownUi)
      this.#watch({ session: sessionId, targetId, type, url, parent: this.of(parent) ?? null }, given)
    if (!waitingForDebugger) return
    // A window whose parts are held never shows its page.
    if (type === ownUi) void this.#goOn(sessionId, null)
    else void this.#goOn(sessionId, targetId, given)
  }

  /**
   * Any of its sessions lets a target go on, so each waits until its process knows that its network is watched; one that does not say so is not held for ever.
   * @param targetId null: it is not watched
   * @param given the proxy's credentials are with its context
   */
  async #goOn(session: string, targetId: string | null, given?: Promise<void>): Promise<void> {
    await given
    if (targetId !== null) await Promise.race([this.#knows(targetId).promise, setTimeout(pausedMs, undefined, { ref: false })])
    await this.#say('Runtime.runIfWaitingForDebugger', undefined, session)
  }

  /** Resolves when the process of a target has answered that its network is watched. */
  #knows(targetId: string): PromiseWithResolvers<void> {
    const known = this.#knowing.get(targetId) ?? Promise.withResolvers<void>()
    this.#knowing.set(targetId, known)
    return known
  }

  /** @param given a page is ready, and so may be sent somewhere, not before that */
  #watch(target: WatchedTarget, given?: Promise<void>): void {
    const { session } = target
    this.#crashed.delete(session)
    this.#tellDocuments.delete(target)
    this.#watched.set(session, target)
    // In this order, without waiting: the browser does one after the other.
    const enabled = this.#say('Network.enable', this.#options.network, session)
    void this.#say('Target.setAutoAttach', autoAttach, session)
    // What its process has not answered to by then, the process of its next page does not know.
    void enabled.then(async () => {
      this.#knows(target.targetId).resolve()
      await given
      if (target.type === 'page') this.#ready(target)
    })
  }

  #ready(page: WatchedTarget): void {
    if (this.#watched.get(page.session) !== page) return
    this.#readyPages.push(page)
    const isAwaited = ({ targetId }: { targetId: string | null }) => targetId === null || targetId === page.targetId
    for (const { resolve } of this.#awaited.filter(isAwaited)) resolve(page)
    this.#awaited = this.#awaited.filter((one) => !isAwaited(one))
  }

  #ended(session: string | undefined, how: TargetEnd): void {
    const target = this.of(session)
    if (session === undefined) return
    if (how === 'gone') {
      this.#crashed.delete(session)
      this.#connection?.forget(session)
    }
    if (!target) return
    this.#watched.delete(session)
    this.#knowing.delete(target.targetId)
    const ready = this.#readyPages.indexOf(target)
    if (ready !== -1) this.#readyPages.splice(ready, 1)
    if (how === 'crashed') this.#crashed.set(session, target)
    this.#options.ended(target, how)
  }

  /** Not every kind of target knows every command, and each may be gone by now. */
  readonly #say = async (...asked: Parameters<CdpConnection['ask']>): Promise<void> => {
    await this.#connection?.ask(...asked).catch(() => undefined)
  }
}

/** Its words: `target_closed`, `canceled_by_user`, `replaced_with_devtools`, `Render process gone.` */
function endBy(reason: string): TargetEnd {
  if (reason === 'target_closed') return 'gone'
  return /process gone/i.test(reason) ? 'crashed' : 'takenAway'
}
