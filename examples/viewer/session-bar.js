/** Which session is shown, and its start, pause and stop, where the rights allow them. */
import { byId, element, visible } from './dom.js'
import { count } from './format.js'

/** @typedef {import('./connection.js').Connection} Connection */
/** @typedef {import('../../sdk/model.ts').Session} Session */

/** Emits `session` when another one is to be shown, or none. */
export class SessionBar extends EventTarget {
  /** @type {Connection} */ #connection
  /** @type {Map<string, Session>} */ #sessions = new Map()
  /** @type {HTMLSelectElement} */ #select = byId('session')
  #chosen = ''
  /** @type {(problem: string) => void} */ #tell
  /** The one that was told of last. @type {string | null} */ #told = null
  #buttons = {
    start: /** @type {HTMLButtonElement} */ (byId('session-start')),
    pause: /** @type {HTMLButtonElement} */ (byId('session-pause')),
    resume: /** @type {HTMLButtonElement} */ (byId('session-resume')),
    stop: /** @type {HTMLButtonElement} */ (byId('session-stop')),
  }

  /**
   * @param {Connection} connection
   * @param {string} wanted an id; '' is the newest
   * @param {(problem: string) => void} tell
   */
  constructor(connection, wanted, tell) {
    super()
    this.#connection = connection
    this.#chosen = wanted
    this.#tell = tell
    this.#select.addEventListener('change', () => this.#choose(this.#select.value))
    connection.addEventListener('session/didChange', (event) => {
      this.#take(/** @type {CustomEvent<{session: Session}>} */ (event).detail.session)
      this.#draw()
    })
    connection.addEventListener('session/didDelete', (event) => {
      const { sessionId } = /** @type {CustomEvent<{sessionId: string}>} */ (event).detail
      const { session } = this
      this.#sessions.delete(sessionId)
      if (session?.id === sessionId) this.#gone(session)
      else this.#draw()
    })
    for (const name of /** @type {const} */ (['start', 'pause', 'resume', 'stop'])) {
      const button = this.#buttons[name]
      button.addEventListener('click', () => {
        button.disabled = true
        this.#act(name)
          .catch((error) => tell(error.message))
          .finally(() => {
            button.disabled = false
          })
      })
    }
  }

  /** @returns {Session | undefined} */
  get session() {
    return this.#sessions.get(this.#chosen)
  }

  async load() {
    const { items } = await this.#connection.call('session/list', {})
    const { session: shown } = this
    this.#sessions.clear()
    for (const session of items) this.#take(session)
    if (shown && !this.session) return this.#gone(shown)
    const chosen = this.#sessions.has(this.#chosen) ? this.#chosen : ([...this.#sessions.keys()].at(-1) ?? '')
    if (chosen === this.#told) this.#draw()
    else this.#choose(chosen)
  }

  /** @param {'start' | 'pause' | 'resume' | 'stop'} name */
  async #act(name) {
    /** @type {Session} */
    const session = await this.#connection.call(`session/${name}`, name === 'start' ? {} : { sessionId: this.#chosen })
    this.#take(session)
    if (name === 'start') this.#choose(session.id)
    this.#draw()
  }

  /** @param {Session} session */
  #take(session) {
    this.#sessions.set(session.id, session)
  }

  /** @param {string} id */
  #choose(id) {
    this.#chosen = id
    this.#told = id
    this.#draw()
    this.dispatchEvent(new Event('session'))
  }

  /** The one that was shown was deleted. @param {Session} session */
  #gone({ name }) {
    this.#choose('')
    this.#tell(`The session “${visible(name)}” was deleted.`)
  }

  #draw() {
    const options = [...this.#sessions.values()].reverse()
    // An open list of a select must not be made anew under the pointer.
    const known = new Map([...this.#select.options].map((option) => [option.value, option]))
    const wanted = options.map((session) => {
      const option = known.get(session.id) ?? element('option', { value: session.id })
      const text = `${visible(session.name)}${session.state === 'stopped' ? '' : ` (${session.state})`}`
      if (option.textContent !== text) option.textContent = text
      return option
    })
    if (wanted.some((option, at) => this.#select.options[at] !== option) || wanted.length !== this.#select.options.length)
      this.#select.replaceChildren(...wanted)
    this.#select.value = this.#chosen
    this.#select.disabled = options.length === 0
    const session = this.session
    const state = session?.state
    const may = (/** @type {string} */ method) => this.#connection.capabilities.has(method)
    this.#buttons.start.hidden = !may('session/start')
    this.#buttons.pause.hidden = state !== 'running' || !may('session/pause')
    this.#buttons.resume.hidden = (state !== 'paused' && state !== 'stopped') || !may('session/resume')
    this.#buttons.stop.hidden = state === undefined || state === 'stopped' || !may('session/stop')
    const facts = byId('session-facts')
    const text = session
      ? [
          session.state,
          session.proxy && `proxy ${session.proxy.host}:${session.proxy.port}`,
          session.counts.gaps > 0 && `${count(session.counts.gaps)} gaps`,
        ]
          .filter(Boolean)
          .join(', ')
      : 'no session'
    if (facts.textContent !== text) facts.textContent = text
    facts.className = `badge ${state ?? 'stopped'}`
  }
}
