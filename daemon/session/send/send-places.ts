/** Where requests of weir's own go on record, and which settings they are sent with. */
import { conflict } from '../../../sdk/errors.ts'
import type { Session as SessionView } from '../../../sdk/model.ts'
import { standingName } from '../../../sdk/session-settings.ts'
import type { ListenerSettings } from '../../proxy/surface.ts'
import type { SessionManager } from '../session-manager.ts'

export interface SendPlace {
  sessionId: string
  handle: number
  settings: ListenerSettings
}

export class SendPlaces {
  readonly #sessions: SessionManager
  #standing: Promise<SessionView> | null = null

  constructor(sessions: SessionManager) {
    this.#sessions = sessions
  }

  /** That session, or the standing one. 1002 sessionStopped, sessionPaused. */
  async of(sessionId?: string): Promise<SendPlace> {
    const { id } = sessionId === undefined ? await this.#sent() : { id: sessionId }
    const { state, name, ...place } = await this.#sessions.way(id)
    if (state === 'running') return { sessionId: id, ...place }
    const what = `session ${name} is ${state}, so nothing that is sent would be on record: resume it first`
    throw conflict(state === 'paused' ? 'sessionPaused' : 'sessionStopped', what)
  }

  /** Of what repeats an exchange of that session: there while it runs, else the standing one with that session's settings. */
  async again(sessionId: string): Promise<SendPlace> {
    const { state, settings } = await this.#sessions.way(sessionId)
    return state === 'stopped' ? { ...(await this.of()), settings } : this.of(sessionId)
  }

  /** Made when it is first needed, and opened again when it has been stopped since. */
  #sent(): Promise<SessionView> {
    this.#standing ??= this.#findOrMake().finally(() => {
      this.#standing = null
    })
    return this.#standing
  }

  async #findOrMake(): Promise<SessionView> {
    const all = await this.#sessions.list()
    const standing = all.findLast(({ name, proxy }) => name === standingName && proxy === null)
    if (!standing) return this.#sessions.start({ name: standingName, proxy: null })
    return standing.state === 'stopped' ? this.#sessions.resume(standing.id) : standing
  }
}
