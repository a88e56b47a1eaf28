/** Keeps the cookies of chosen domains in step between sessions, jars, files and browsers: sync/*. */
import { join } from 'node:path'
import type { SyncRule } from '../../sdk/cookie/changes.ts'
import { parseCookieDomain } from '../../sdk/cookie/cookie-domain.ts'
import { notFound } from '../../sdk/errors.ts'
import type { CookieTarget } from '../../sdk/plugin.ts'
import type { Params, Result } from '../../sdk/protocol.ts'
import type { StoredCookieChange } from '../store/surface.ts'
import { RuleRun } from './rule-run.ts'
import { SessionFeed, type SessionFeedOptions } from './session-feed.ts'
import { type KeptRule, type KeptTarget, SyncFile } from './sync-file.ts'

/** How far sessions were told is kept that often, where nothing else is; what comes again after a kill is known already. */
const keepPositionsMs = 5_000

export interface CookieSyncOptions extends Omit<SessionFeedOptions, 'heard'> {
  home: string
  /** The sessions that run. */
  running(): Promise<readonly string[]>
  /** Throws -32602 for a config that its schema does not take, 1001 for a plugin that is not there. */
  open(target: KeptTarget): Promise<CookieTarget>
  /** A target's words; null: it works again. */
  failing(plugin: string, domain: string, message: string | null): void
}

export class CookieSync {
  readonly #options: CookieSyncOptions
  readonly #file: SyncFile
  readonly #feed: SessionFeed
  #rules = new Map<string, RuleRun>()
  #opened: Promise<void> | null = null
  /** What changes rules happens one after the other. */
  #last: Promise<unknown> = Promise.resolve()
  /** Unix ms. */
  #positionsKeptAt = 0

  constructor(options: CookieSyncOptions) {
    this.#options = options
    const fault = options.fault
    this.#file = new SyncFile(join(options.home, 'sync.json'), () => this.#state(), fault)
    this.#feed = new SessionFeed({ ...options, heard: (changes) => this.#captured(changes) })
  }

  /** Reads the rules, and goes on with them. */
  open(): Promise<void> {
    this.#opened ??= this.#open()
    return this.#opened
  }

  set(params: Params<'sync/set'>): Promise<SyncRule> {
    parseCookieDomain(params.domain)
    return this.#inTurn(() => this.#set(params))
  }

  async #set({ domain, targets, direction = 'out' }: Params<'sync/set'>): Promise<SyncRule> {
    await this.open()
    const kept = targets.map(({ plugin, config = {} }) => ({ plugin, config, holds: [] }))
    // What is wrong with them is told now.
    for (const target of kept) (await this.#options.open(target)).dispose?.()
    this.#feed.start({})
    const inForce = []
    for (const id of await this.#options.running()) inForce.push(...(await this.#feed.inForce(id)))
    const before = this.#rules.get(domain)
    await before?.close()
    const { known, conflicts } = before?.kept ?? { known: [], conflicts: [] }
    const rule = this.#add({ domain, direction, targets: kept, known, conflicts })
    rule.captured(inForce)
    rule.start()
    this.#file.changed()
    return this.#view(domain, rule)
  }

  async list(): Promise<Result<'sync/list'>> {
    await this.open()
    return { items: [...this.#rules].map(([domain, rule]) => this.#view(domain, rule)) }
  }

  delete(params: Params<'sync/delete'>): Promise<Record<never, never>> {
    return this.#inTurn(() => this.#delete(params))
  }

  async #delete({ domain }: Params<'sync/delete'>): Promise<Record<never, never>> {
    const rule = await this.#rule(domain)
    this.#rules.delete(domain)
    await rule.close()
    if (this.#rules.size === 0) this.#feed.stop()
    this.#file.changed()
    await this.#file.settle()
    return {}
  }

  /** Rejects with 1001 ruleNotFound. */
  async run({ domain }: Params<'sync/run'>): Promise<Result<'sync/run'>> {
    await this.open()
    const rules = domain === undefined ? [...this.#rules] : [[domain, await this.#rule(domain)] as const]
    await Promise.all(rules.map(([, rule]) => rule.run()))
    return { items: rules.map(([name, rule]) => this.#view(name, rule)) }
  }

  async stop(): Promise<void> {
    this.#feed.stop()
    await Promise.all([...this.#rules.values()].map((rule) => rule.close()))
    await this.#file.settle()
  }

  async #open(): Promise<void> {
    const { rules, sessions } = await this.#file.read()
    for (const rule of rules) this.#add(rule).start()
    if (rules.length > 0) this.#feed.start(sessions)
  }

  #add(kept: KeptRule): RuleRun {
    const rule = new RuleRun(kept, {
      open: (target) => this.#options.open(target),
      changed: () => this.#file.changed(),
      failing: (plugin, message) => this.#options.failing(plugin, kept.domain, message),
    })
    this.#rules.set(kept.domain, rule)
    return rule
  }

  async #rule(domain: string): Promise<RuleRun> {
    await this.open()
    const rule = this.#rules.get(domain)
    if (rule) return rule
    const there = [...this.#rules.keys()].join(', ') || 'none'
    throw notFound('ruleNotFound', `there is no sync rule for ${JSON.stringify(domain.slice(0, 200))}; there are: ${there}`)
  }

  #captured(changes: readonly StoredCookieChange[]): void {
    for (const rule of this.#rules.values()) rule.captured(changes)
    if (Date.now() - this.#positionsKeptAt < keepPositionsMs) return
    this.#positionsKeptAt = Date.now()
    this.#file.changed()
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work)
    this.#last = result.catch(() => undefined)
    return result
  }

  #state() {
    return { version: 1 as const, rules: [...this.#rules.values()].map(({ kept }) => kept), sessions: this.#feed.positions }
  }

  #view(domain: string, rule: RuleRun): SyncRule {
    const { direction, targets, conflicts } = rule.kept
    return {
      domain,
      direction,
      cookies: rule.cookies,
      conflicts: conflicts.slice(-20),
      targets: targets.map(({ plugin, config }, index) => {
        const { error = null, pushedAt = null, pulledAt = null, waiting = 0 } = rule.states[index] ?? {}
        return { plugin, config, waiting, pushedAt, pulledAt, ...(error !== null && { error }) }
      }),
    }
  }
}
