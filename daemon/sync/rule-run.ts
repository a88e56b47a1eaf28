/** One rule at work: what its domain's cookies are, by the newest word, and the targets that are kept in step. */

import { type Cookie, hasExpired } from '../../sdk/cookie/cookie.ts'
import { type CookieDomain, isOfDomain, parseCookieDomain } from '../../sdk/cookie/cookie-domain.ts'
import type { CookieTarget, CookieTargetChange } from '../../sdk/plugin.ts'
import { holdsPseudonym } from '../../sdk/redaction/pseudonyms.ts'
import type { StoredCookieChange } from '../store/surface.ts'
import { KnownCookies } from './known-cookies.ts'
import type { KeptConflict, KeptRule, KeptTarget } from './sync-file.ts'
import { TargetRun } from './target-run.ts'
import { TargetView } from './target-view.ts'

export interface RuleRunOptions {
  open(target: KeptTarget): Promise<CookieTarget>
  /** What the rule is to be remembered by is different. */
  changed(): void
  /** null: it works again. */
  failing(plugin: string, message: string | null): void
}

interface Running {
  kept: KeptTarget
  run: TargetRun
  view: TargetView
}

const keptConflicts = 100
/** Who weir's own side is: a jar is kept in step both ways whatever the direction. */
const isOwn = ({ plugin }: KeptTarget) => plugin === 'jar'

export class RuleRun {
  readonly #rule: KeptRule
  readonly #options: RuleRunOptions
  readonly #domain: CookieDomain
  readonly #known: KnownCookies
  readonly #targets: Running[]
  #conflicts: KeptConflict[]

  /** Throws -32602 invalidDomain. */
  constructor(rule: KeptRule, options: RuleRunOptions) {
    this.#rule = rule
    this.#options = options
    this.#domain = parseCookieDomain(rule.domain)
    this.#known = new KnownCookies(rule.known)
    this.#conflicts = [...rule.conflicts]
    this.#targets = rule.targets.map((kept) => this.#running(kept))
  }

  /** As it is remembered. */
  get kept(): KeptRule {
    const known = this.#known.entries(Date.now())
    const targets = this.#targets.map(({ kept, view }) => ({ ...kept, holds: view.entries(this.#known) }))
    return { ...this.#rule, targets, known, conflicts: this.#conflicts }
  }

  get cookies(): number {
    return this.#known.held(Date.now()).length
  }

  /** How each target is, in their order. */
  get states(): readonly TargetRun[] {
    return this.#targets.map(({ run }) => run)
  }

  /** All that is known goes to the targets, as far as they do not hold it. */
  start(): void {
    for (const target of this.#targets) this.#hand(target)
    for (const { run } of this.#targets) void run.run()
  }

  /** All that is known goes to it, as far as it does not hold it. */
  #hand({ run, view }: Running): void {
    for (const known of this.#known.entries(Date.now())) {
      const change = known.gone || hasExpired(known.cookie, Date.now()) ? { gone: known.cookie } : { put: known.cookie }
      if (!view.isInStep({ ...known, gone: 'gone' in change })) run.add(change)
    }
  }

  captured(changes: readonly StoredCookieChange[]): void {
    for (const { cause, cookie, at } of changes) {
      // Of what was only sent nobody knows domain, path and expiry.
      if (cookie === null || cause === 'rejected' || cause === 'sent' || !isOfDomain(cookie, this.#domain)) continue
      // Where a filter hid it nobody knows its value.
      if (holdsPseudonym(cookie.value)) continue
      if (cause === 'expired' && !this.#isOver(cookie, at)) continue
      this.#offer(cause === 'deleted' || cause === 'expired' ? { gone: cookie } : { put: cookie }, at, null)
    }
  }

  /** Looks at all targets now, and hands them what they have not got. */
  async run(): Promise<void> {
    await Promise.all(this.#targets.map(({ run }) => run.run()))
    // What one of them told the others.
    await Promise.all(this.#targets.filter(({ run }) => run.waiting > 0).map(({ run }) => run.run()))
  }

  async close(): Promise<void> {
    await Promise.all(this.#targets.map(({ run }) => run.close()))
  }

  /** Its time came in one session; somebody else may have renewed it. */
  #isOver(cookie: Cookie, at: number): boolean {
    const known = this.#known.get(cookie)
    return cookie.updatedAt === at || (known !== undefined && hasExpired(known.cookie, at))
  }

  #running(kept: KeptTarget): Running {
    const view = new TargetView(kept.holds)
    const { direction } = this.#rule
    const run = new TargetRun({
      open: () => this.#options.open(kept),
      reads: isOwn(kept) || direction !== 'out',
      writes: isOwn(kept) || direction !== 'in',
      held: () => this.#known.held(Date.now()),
      isAt: (place) => {
        if (kept.place === place) return
        kept.place = place
        view.forget()
        this.#hand(running)
        this.#options.changed()
      },
      pulled: (cookies) => {
        for (const { change, at } of view.look(cookies, this.#domain, this.#known, Date.now())) this.#offer(change, at, running)
        this.#options.changed()
      },
      handed: (changes) => {
        view.handed(changes)
        this.#options.changed()
      },
      failing: (message) => this.#options.failing(kept.plugin, message),
    })
    const running = { kept, run, view }
    return running
  }

  /** The newest word counts; who said an older one is told. @param from null: a session */
  #offer(change: CookieTargetChange, at: number, from: Running | null): void {
    const outcome = from === null ? this.#known.captured(change, at) : this.#known.offer(change, at)
    if (outcome === 'taken') {
      for (const target of this.#targets) if (target !== from) target.run.add(change)
      this.#options.changed()
    }
    if (outcome !== 'older') return
    const key = 'put' in change ? change.put : change.gone
    const known = this.#known.get(key)
    if (known === undefined) return
    const { name, domain, path } = known.cookie
    this.#conflicts = [...this.#conflicts, { at: Date.now(), name, domain, path, lost: from?.kept.plugin ?? 'session' }].slice(
      -keptConflicts,
    )
    from?.run.add(known.gone ? { gone: known.cookie } : { put: known.cookie })
    this.#options.changed()
  }
}
