/** The popup: shows how the service worker is, and tells it what to do. */
import { readFilters } from './filters.ts'
import type { Command, Look, Reply } from './popup-messages.ts'

const lookMs = 500

const element = <E extends HTMLElement = HTMLElement>(id: string): E => document.getElementById(id) as E
const input = (id: string): HTMLInputElement => element<HTMLInputElement>(id)
const button = (id: string): HTMLButtonElement => element<HTMLButtonElement>(id)

const words: { [State in Look['link']]: string } = {
  unpaired: 'not paired',
  connecting: 'not connected: is weir running?',
  connected: 'connected',
  refused: 'the pairing was revoked',
}

/** The tab below the popup; a page of its own can be told which (popup.html?tab=5). */
const tabOf = async (): Promise<number> => {
  const told = new URLSearchParams(location.search).get('tab')
  if (told !== null) return Number(told)
  const [tab] = await chrome.tabs.query({ active: true, currentWindow: true })
  return tab?.id ?? -1
}

class Popup {
  readonly #tabId: number
  #filtersShown = false
  #problem: string | null = null
  #look: Look | null = null
  /** Commands under way: what was clicked stays so meanwhile. */
  #telling = 0

  constructor(tabId: number) {
    this.#tabId = tabId
  }

  start(): void {
    this.#on('pairing', 'submit', () => ({ command: 'pair', port: Number(input('port').value), code: input('code').value }))
    this.#on('start', 'click', () => ({ command: 'start', sessionId: element<HTMLSelectElement>('sessions').value || null }))
    this.#on('stop', 'click', () => ({ command: 'stop' }))
    this.#on('pause', 'click', () => ({ command: 'pause', isPaused: this.#look?.session?.state === 'running' }))
    this.#on('unpair', 'click', () => ({ command: 'unpair' }))
    this.#on('bodies', 'change', () => ({ command: 'bodies', tabId: this.#tabId, isOn: input('bodies').checked }))
    this.#on('filters', 'submit', () => ({ command: 'filter', filters: readFilters(input('methods').value, input('urls').value) }))
    void this.#tell({ command: 'connect' })
    void this.#keepLooking()
  }

  #on(id: string, event: string, command: () => Command): void {
    element(id).addEventListener(event, (happened) => {
      happened.preventDefault()
      void this.#tell(command())
    })
  }

  async #keepLooking(): Promise<void> {
    for (;;) {
      const reply = await this.#ask({ command: 'look', tabId: this.#tabId })
      if ('look' in reply) this.#show(reply.look)
      await new Promise((resolve) => setTimeout(resolve, lookMs))
    }
  }

  async #tell(command: Command): Promise<void> {
    this.#telling++
    const reply = await this.#ask(command)
    this.#telling--
    this.#problem = 'error' in reply ? reply.error : null
    if (command.command === 'pair' && !this.#problem) input('code').value = ''
    const look = await this.#ask({ command: 'look', tabId: this.#tabId })
    if ('look' in look) this.#show(look.look)
  }

  async #ask(command: Command): Promise<Reply> {
    return (await chrome.runtime.sendMessage(command)) as Reply
  }

  #show(look: Look): void {
    this.#look = look
    element('link').dataset.state = look.link
    element('link').textContent =
      look.port !== null && look.link === 'connected' ? `${words[look.link]}, port ${look.port}` : words[look.link]
    const problem = this.#problem ?? look.problem
    element('problem').textContent = problem
    element('problem').hidden = problem === null
    const isPaired = look.link === 'connected' || look.link === 'connecting'
    element('pairing').hidden = isPaired
    element('paired').hidden = !isPaired
    this.#showSession(look)
    this.#showFilters(look)
    this.#showRecent(look)
  }

  #showSession({ session, isCapturing, sessions, link, canReadBodies, bodiesOfTab }: Look): void {
    const isConnected = link === 'connected'
    const select = element<HTMLSelectElement>('sessions')
    const names = [new Option('a new one', ''), ...sessions.map(({ id, name }) => new Option(name, id))]
    const before = isCapturing ? (session?.id ?? '') : select.value
    const isOther =
      names.map(({ value, text }) => `${value} ${text}`).join() !== [...select.options].map(({ value, text }) => `${value} ${text}`).join()
    if (isOther) select.replaceChildren(...names)
    select.value = names.some(({ value }) => value === before) ? before : ''
    select.disabled = isCapturing
    element('session').textContent = isCapturing
      ? `${session?.name ?? 'the session'}: ${session?.state ?? 'waits for weir'}`
      : 'nothing is recorded'
    button('start').disabled = isCapturing || !isConnected
    button('stop').disabled = !isCapturing
    button('pause').disabled = !isCapturing || !isConnected
    button('pause').textContent = session?.state === 'paused' ? 'Resume' : 'Pause'
    if (this.#telling === 0) input('bodies').checked = bodiesOfTab
    element('bodies-label').hidden = !canReadBodies
    element('bodies-state').hidden = !bodiesOfTab
  }

  /** Once: what somebody types stays. */
  #showFilters({ filters }: Look): void {
    if (this.#filtersShown) return
    this.#filtersShown = true
    input('methods').value = filters.methods.join(' ')
    input('urls').value = filters.urls.join('\n')
  }

  #showRecent({ seen, waiting, lost, recent }: Look): void {
    const parts = [
      `${seen} requests`,
      ...(waiting > 0 ? [`${waiting} events on their way`] : []),
      ...(lost > 0 ? [`${lost} lost: no room`] : []),
    ]
    element('counts').textContent = parts.join(', ')
    element('recent').replaceChildren(
      ...recent.map(({ method, url, status }) => {
        const row = document.createElement('li')
        row.className = status === 0 || status >= 400 ? 'failed' : ''
        for (const text of [status === 0 ? '-' : String(status), method, url])
          row.append(Object.assign(document.createElement('span'), { textContent: text }))
        row.title = url
        return row
      }),
    )
  }
}

new Popup(await tabOf()).start()
