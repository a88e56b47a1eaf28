/** The viewer: a static page over weir's WebSocket transport. This file wires its parts. */
import { Connection, isLost } from './connection.js'
import { Details } from './details.js'
import { byId, element, visible } from './dom.js'
import { entryFrom, opener, refusalOf } from './entry.js'
import { Exchanges } from './exchanges.js'
import { count } from './format.js'
import { Grid } from './grid.js'
import { Overview } from './overview.js'
import { QueryBox } from './query-box.js'
import { SessionBar } from './session-bar.js'

/** Screen readers hear of the number of rows at most so often, ms. */
const spokenMs = 3000
/** Rows that are passed by the arrow keys are not opened, ms. */
const restMs = 80

const { code, sessionId } = entryFrom(location)
const connection = new Connection(opener(code), refusalOf)
const exchanges = new Exchanges(connection)
const grid = new Grid(byId('grid'), exchanges)
const query = new QueryBox(connection)
const sessions = new SessionBar(connection, sessionId, tell)
const details = new Details(connection)
const overview = new Overview(connection)

/** Says a problem until the next one. @param {string} problem */
function tell(problem) {
  const place = byId('problem')
  place.textContent = problem
  place.hidden = problem === ''
}

async function show() {
  const { session } = sessions
  document.title = session ? `${visible(session.name)} — weir` : 'weir'
  details.clear()
  overview.show(session?.id ?? '', query.value)
  if (!session) return exchanges.clear()
  try {
    await exchanges.show(session.id, query.value)
  } catch (error) {
    tell(/** @type {Error} */ (error).message)
  }
}

async function load() {
  try {
    await sessions.load()
  } catch (error) {
    if (!isLost(error)) tell(/** @type {Error} */ (error).message)
  }
}

const states = {
  connecting: 'connecting…',
  open: '',
  lost: 'weir does not answer, trying again… (weir open starts it)',
  refused: 'no access',
}

connection.addEventListener('state', () => {
  document.body.dataset.connection = connection.state
  if (connection.state === 'refused') tell(connection.problem)
  if (connection.state === 'open') void load()
  drawStatus()
})
sessions.addEventListener('session', () => void show())
query.addEventListener('query', () => void show())
query.addEventListener('leave', () => byId('grid').focus())
overview.addEventListener('query', (event) => {
  const term = /** @type {CustomEvent<string>} */ (event).detail
  view('exchanges')
  void query.use(query.value.trim() === '' ? term : `(${query.value}) ${term}`)
})

/** @type {number | undefined} */
let resting
grid.addEventListener('select', (event) => {
  const exchange = /** @type {CustomEvent} */ (event).detail
  clearTimeout(resting)
  if (details.isOpen && exchange) resting = setTimeout(() => details.show(exchange), restMs)
})
grid.addEventListener('open', () => {
  const exchange = exchanges.row(grid.selected)
  if (exchange) details.show(exchange)
})
byId('grid').addEventListener('keydown', (event) => {
  if (event.key === 'Escape') details.close()
  if (event.key === 'Enter' && details.isOpen) details.focus()
})
details.addEventListener('close', () => byId('grid').focus())
byId('follow').addEventListener('click', () => grid.toEnd())

/** @param {'exchanges' | 'overview'} name */
function view(name) {
  byId('exchanges').hidden = name !== 'exchanges'
  overview.isShown = name === 'overview'
  for (const each of /** @type {const} */ (['exchanges', 'overview'])) byId(`view-${each}`).ariaPressed = String(each === name)
}
byId('view-exchanges').addEventListener('click', () => view('exchanges'))
byId('view-overview').addEventListener('click', () => view('overview'))

document.addEventListener('keydown', (event) => {
  const { target } = event
  if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey) return
  if (target instanceof HTMLInputElement || target instanceof HTMLSelectElement || target instanceof HTMLTextAreaElement) return
  event.preventDefault()
  query.focus()
})

let spokenAt = 0
/** @type {number | undefined} */
let speaking

function drawStatus() {
  const { session } = sessions
  const matching = query.value.trim() === '' ? '' : ' that match'
  const number = session ? `${count(exchanges.total)} ${exchanges.total === 1 ? 'exchange' : 'exchanges'}${matching}` : ''
  byId('count').textContent = number
  byId('connection').textContent = states[connection.state]
  byId('follow').ariaPressed = String(grid.isFollowing)
  if (exchanges.problem !== '') tell(exchanges.problem)
  drawEmpty()
  clearTimeout(speaking)
  speaking = setTimeout(
    () => {
      spokenAt = performance.now()
      byId('spoken').textContent = [states[connection.state], number].filter(Boolean).join(', ')
    },
    Math.max(0, spokenAt + spokenMs - performance.now()),
  )
}

function drawEmpty() {
  const place = byId('empty')
  const { session } = sessions
  place.hidden = exchanges.total > 0 || connection.state !== 'open'
  if (place.hidden) return
  if (!session) place.replaceChildren('No session is shown. Choose or start one above.')
  else if (query.value.trim() !== '') place.replaceChildren('Nothing matches the query.')
  else if (!session.proxy) place.replaceChildren('Nothing was captured in this session.')
  else {
    const proxy = `http://${session.proxy.host}:${session.proxy.port}`
    place.replaceChildren('Nothing was captured yet. Try: ', element('code', { textContent: `curl --proxy ${proxy} http://example.com/` }))
  }
}

exchanges.addEventListener('change', drawStatus)
exchanges.addEventListener('show', (event) => {
  tell('')
  if (/** @type {CustomEvent<boolean>} */ (event).detail) grid.reset()
})
byId('grid').querySelector('.scroller')?.addEventListener('scroll', drawStatus, { passive: true })
void connection.connect()
