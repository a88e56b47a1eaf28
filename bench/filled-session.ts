/** weir with a session that already holds many exchanges, made by real traffic: where large numbers are measured. */

import { setTimeout as delay } from 'node:timers/promises'
import type { Session } from '../sdk/model.ts'
import type { Context } from './bench.ts'
import { Load } from './load/load.ts'
import type { RunLimits, RunResult, Traffic } from './load/pool.ts'
import { weir } from './systems/weir.ts'
import { WeirDaemon } from './systems/weir-daemon.ts'

/** A session under load, and what was sent into it. */
export class LoadedSession {
  readonly facts: Session
  readonly daemon: WeirDaemon
  #load: Load
  #sent = 0

  private constructor(facts: Session, daemon: WeirDaemon, load: Load) {
    this.facts = facts
    this.daemon = daemon
    this.#load = load
  }

  /** A new session with keep-alive HTTPS connections of its own, 64 where nothing else is said. */
  static async open(
    name: string,
    daemon: WeirDaemon,
    load: Load,
    plan: { connections?: number; traffic?: Traffic } = {},
  ): Promise<LoadedSession> {
    const facts = await daemon.startSession(name, load.originCaPem)
    const target = load.target('https', facts.proxy, daemon.caPem)
    await load.call('openPool', { pool: facts.id, target, connections: 64, ...plan })
    return new LoadedSession(facts, daemon, load)
  }

  /** How many exchanges were sent through it in all. */
  get sent(): number {
    return this.#sent
  }

  async exchange(limits: RunLimits): Promise<RunResult> {
    const result = await this.#load.call('runPool', { pool: this.facts.id, ...limits })
    this.#sent += result.exchanges
    return result
  }

  /** Empty once everything sent is on record without a gap; else, after ten seconds, what is wrong. */
  async problem(): Promise<string> {
    for (let tries = 0; ; tries++) {
      const { exchanges, gaps } = (await this.daemon.session(this.facts.id)).counts
      if (exchanges === this.#sent && gaps === 0) return ''
      if (gaps > 0 || tries > 500) return `${exchanges} of ${this.#sent} exchanges on record, ${gaps} gaps`
      await delay(20)
    }
  }

  /** Stops and deletes the session. */
  async discard(): Promise<void> {
    await this.#load.call('closePool', { pool: this.facts.id })
    await this.daemon.call('session/stop', { sessionId: this.facts.id })
    await this.daemon.call('session/delete', { sessionId: this.facts.id })
  }
}

/** Starts a daemon and fills a session on all cores; then measures. Notes why not when weir is not there. */
export async function withFilledSession(
  context: Context,
  exchanges: number,
  notes: string[],
  measure: (session: LoadedSession, load: Load) => Promise<void>,
  traffic: Traffic = 'items',
): Promise<void> {
  const missing = weir.missing()
  if (missing) {
    notes.push(`weir was skipped: ${missing}.`)
    context.log(`SKIPPED weir: ${missing}`)
    return
  }
  const load = await Load.start(context.cores.load)
  const daemon = await WeirDaemon.start(context.folder('weir'), context.cores.spread)
  try {
    const session = await LoadedSession.open('filled', daemon, load, { traffic })
    context.log(`filling a session with ${exchanges} exchanges`)
    while (session.sent < exchanges) await session.exchange({ exchanges: Math.min(100_000, exchanges - session.sent) })
    const problem = await session.problem()
    if (problem) throw new Error(`the session could not be filled: ${problem}`)
    await measure(session, load)
  } finally {
    await daemon.stop()
    await load.stop()
  }
}
