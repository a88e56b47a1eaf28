/** Exporters that follow live sessions: `exporter/run {follow: true}`. */
import { dirname } from 'node:path'
import { parseClock } from '../../sdk/clock.ts'
import { codes, conflict, invalidParams, WeirError } from '../../sdk/errors.ts'
import type { Params, Result } from '../../sdk/protocol.ts'
import { parseQuery } from '../../sdk/query.ts'
import type { ExporterChild } from '../plugin/exporter-child.ts'
import type { ExporterRunner } from '../plugin/exporter-runner.ts'
import { type FollowOutput, FollowOutputs } from '../plugin/follow/follow-output.ts'
import type { ChangeSignals } from './change-signals.ts'
import { refuseMalformed } from './clock.ts'
import { ClientReader, type FollowListener, FollowProgress } from './follow-progress.ts'
import type { SessionManager } from './session-manager.ts'

type Run = Params<'exporter/run'>

export class FollowedExport {
  readonly #exporters: ExporterRunner
  readonly #sessions: SessionManager
  readonly #signals: ChangeSignals
  readonly #outputs = new FollowOutputs()

  constructor(exporters: ExporterRunner, sessions: SessionManager, signals: ChangeSignals) {
    this.#exporters = exporters
    this.#sessions = sessions
    this.#signals = signals
  }

  /**
   * Until the session stops or the client cancels, which is no error. Rejects as ExporterRunner.run and FollowOutputs.open do, and with -32602
   * cannotFollow, 1002 clockForeign and clockAhead, 1001 sessionDeleted, 1004 tooManyFollowing, 1005 readerGone and endpointRefused; then `data.clock` says up to where all is
   * delivered.
   */
  async run(params: Run, listener: FollowListener): Promise<Result<'exporter/run'>> {
    const { sessionId, out, to, since, exporter, where } = params
    checkReceiver(params, listener)
    if (since !== undefined) refuseMalformed(since)
    if (where !== undefined) parseQuery(where)
    const { file } = await this.#sessions.settled(sessionId)
    const output = await this.#outputs.open({ out, to, since, sessionId, exporter, sessions: dirname(file), signal: listener.signal })
    try {
      return await this.#follow(params, output, listener)
    } finally {
      await output.close()
    }
  }

  async #follow(params: Run, output: FollowOutput, listener: FollowListener): Promise<Result<'exporter/run'>> {
    const { sessionId, exporter, where = null, options = {}, redact = null, out } = params
    const since = parseClock(params.since ?? output.since ?? 'start', sessionId)
    if (since === null) throw conflict('clockForeign', "since is a clock of another session: say 'start', or a clock of this one")
    const session = await this.#sessions.get(sessionId)
    const progress = new FollowProgress(sessionId, since, listener)
    const reader = output.descriptor === 'pipe' && listener.tell ? new ClientReader(sessionId, listener.tell) : null
    const child = await this.#exporters.follow({
      job: { exporter, session, where, options, redact, since, target: output.target },
      out: output.descriptor,
      signal: listener.signal,
      heard: (message) => {
        progress.heard(message)
        reader?.heard(message)
      },
    })
    void this.#watch(sessionId, child)
    const read = reader?.read(child.output).catch(() => child.abort())
    const [exit] = await Promise.all([child.exit, read])
    try {
      const isCancelled = exit.verdict === 'aborted' && !(exit.last && 'failure' in exit.last)
      const { redacted } = isCancelled ? {} : this.#exporters.judge(exporter, exit)
      const ended = isCancelled || listener.signal.aborted ? 'cancelled' : 'stopped'
      return { ...(out !== undefined && { path: out }), ...progress.now, ended, ...(redacted && { redacted }) }
    } catch (error) {
      throw error instanceof WeirError && error.code !== codes.invalidParams ? withClock(error, progress.clock) : error
    }
  }

  /** Tells the exporter's process when there may be something new, and when nothing more will come. */
  async #watch(sessionId: string, child: ExporterChild): Promise<void> {
    const ended = new AbortController()
    void child.exit.then(() => ended.abort())
    while (!ended.signal.aborted) {
      const next = this.#signals.next(sessionId, ended.signal)
      const session = await this.#sessions.get(sessionId).catch(() => null)
      child.tell(session?.state === 'stopped' ? { over: true } : { look: true })
      // Looking it finds that the session was deleted.
      if (session === null) return
      await next
    }
  }
}

function checkReceiver({ out, to }: Run, { tell }: FollowListener): void {
  if (out !== undefined && to) throw invalidParams('twoReceivers', 'exporter/run takes `out` or `to`, not both')
  if (out === undefined && !to && tell === null)
    throw invalidParams(
      'noReceiver',
      'nobody would get what is exported: name a file or pipe (`out`), an endpoint (`to`), or a workDoneToken',
    )
  if (!to) return
  const url = URL.parse(to.url)
  if (url === null || !/^https?:$/.test(url.protocol)) throw invalidTo('/to/url', 'is no URL of an HTTP endpoint (http:// or https://)')
  for (const [index, header] of (to.headers ?? []).entries()) {
    try {
      new Headers([header])
    } catch {
      throw invalidTo(`/to/headers/${index}`, 'is no header field')
    }
  }
}

const invalidTo = (path: string, message: string): WeirError =>
  invalidParams('invalidTo', `exporter/run: ${path} ${message}`, [{ path, message }])

const withClock = ({ code, data: { reason, ...more }, message }: WeirError, clock: string): WeirError =>
  new WeirError(code, reason, message, { ...more, clock })
