// Shows the exchanges that the data blocks of this page hold. Whatever they say is text: nothing of it becomes markup.
const rowsAtOnce = 200
const groups = [
  ['good', '2xx', (status) => status >= 200 && status < 300],
  ['moved', '3xx', (status) => status >= 300 && status < 400],
  ['refused', '4xx', (status) => status >= 400 && status < 500],
  ['broken', '5xx', (status) => status >= 500 && status < 600],
  ['failed', 'failed', () => false],
  ['other', 'other', () => true],
]

const data = Array.from(document.querySelectorAll('script.exchanges'), (block) => JSON.parse(block.textContent)).flat()
const session = JSON.parse(document.getElementById('session').textContent)

/** @param {Record<string, unknown>} properties */
function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties)
  made.append(...children)
  return made
}

function drawn(name, attributes) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
  return made
}

const put = (id, ...children) => document.getElementById(id).replaceChildren(...children)
const groupOf = ({ status, failed }) => (failed ? 'failed' : groups.find(([, , has]) => has(status))[0])
const count = (number) => number.toLocaleString('en')

function bytes(size) {
  const units = ['B', 'kB', 'MB', 'GB']
  let at = 0
  while (size >= 1000 && at < units.length - 1) {
    size /= 1000
    at++
  }
  return `${at === 0 || size >= 100 ? Math.round(size) : size.toFixed(1)} ${units[at]}`
}

function time(ms) {
  if (ms === null) return 'open'
  if (ms < 1000) return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`
  return ms < 60_000 ? `${(ms / 1000).toFixed(2)} s` : `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`
}

const endOf = ({ at, ms }) => at + (ms ?? 0)
let from = Number.POSITIVE_INFINITY
let to = 0
let received = 0
let sent = 0
const byGroup = new Map(groups.map(([name]) => [name, 0]))
const hosts = new Set()
for (const each of data) {
  from = Math.min(from, each.at)
  to = Math.max(to, endOf(each))
  received += each.received
  sent += each.sent
  const group = groupOf(each)
  byGroup.set(group, byGroup.get(group) + 1)
  hosts.add(each.host)
}
if (data.length === 0) from = to = session.startedAt
const span = Math.max(to - from, 1)

function fact(name, value) {
  return element('div', {}, element('b', { textContent: value }), element('span', { className: 'quiet', textContent: name }))
}

put(
  'facts',
  fact('exchanges', count(data.length)),
  fact('failed', count(byGroup.get('failed'))),
  fact(hosts.size === 1 ? 'host' : 'hosts', count(hosts.size)),
  fact('received', bytes(received)),
  fact('sent', bytes(sent)),
  fact('from first to last', time(to - from)),
)

function timeline() {
  const columns = 150
  const heights = groups.map(() => new Uint32Array(columns))
  for (const each of data) {
    const column = Math.min(columns - 1, Math.floor(((each.at - from) / span) * columns))
    heights[groups.findIndex(([name]) => name === groupOf(each))][column]++
  }
  let highest = 1
  for (let column = 0; column < columns; column++)
    highest = Math.max(
      highest,
      heights.reduce((sum, each) => sum + each[column], 0),
    )
  const svg = drawn('svg', {
    viewBox: `0 0 ${columns * 4} 100`,
    preserveAspectRatio: 'none',
    role: 'img',
    'aria-label': 'Exchanges over time',
  })
  for (let column = 0; column < columns; column++) {
    let top = 100
    groups.forEach(([name], index) => {
      const height = (heights[index][column] / highest) * 98
      if (height === 0) return
      top -= height
      svg.append(drawn('rect', { class: name, x: column * 4, y: top, width: 3.4, height }))
    })
  }
  const axis = [0, 0.25, 0.5, 0.75, 1].map((part) => element('span', { textContent: part === 0 ? '0' : `+${time(span * part)}` }))
  put('timeline', svg, element('div', { className: 'axis' }, ...axis))
}

function statusGroups() {
  const there = groups.filter(([name]) => byGroup.get(name) > 0)
  const parts = there.map(([name]) => {
    const part = element('div', { className: name })
    part.style.flexGrow = byGroup.get(name)
    return part
  })
  const legend = there.map(([name, label]) => {
    const share = ((byGroup.get(name) / data.length) * 100).toFixed(1)
    return element('span', {}, element('i', { className: name }), `${label}: ${count(byGroup.get(name))} (${share} %)`)
  })
  put('groups', element('div', { className: 'stack' }, ...parts), element('div', { className: 'legend' }, ...legend))
}

/** The ten that have most of something. */
function ranks(id, size, label) {
  const top = []
  for (const each of data) {
    if (top.length === 10 && size(each) <= size(top[9])) continue
    top.push(each)
    top.sort((a, b) => size(b) - size(a))
    top.length = Math.min(top.length, 10)
  }
  const items = top
    .filter((each) => size(each) > 0)
    .map((each) => {
      const bar = element('div', { className: 'bar' })
      bar.style.width = `${(size(each) / size(top[0])) * 100}%`
      const name = element('span', { className: 'cut', title: each.url, textContent: `#${each.seq} ${each.method} ${each.url}` })
      return element('li', {}, name, element('div', {}, bar), element('span', { className: 'number', textContent: label(size(each)) }))
    })
  put(id, element('ul', { className: 'ranks' }, ...items))
}

function fields(list) {
  return element('pre', { textContent: list.map(([name, value]) => `${name}: ${value}`).join('\n') || '(none)' })
}

function details(each) {
  const cell = element('td', { colSpan: 7 })
  const add = (title, content) => cell.append(element('h3', { textContent: title }), content)
  add('URL', element('pre', { textContent: `${each.method} ${each.url}` }))
  if (each.failed) add('Error', element('pre', { textContent: each.failed }))
  const phases = Object.entries(each.timings).map(([name, ms]) => `${name} ${time(ms)}`)
  if (phases.length > 0) add('Timings', element('pre', { textContent: phases.join('   ') }))
  add('Request header fields', fields(each.requestHeaders))
  if (each.requestBody) add('Request body', element('pre', { textContent: each.requestBody }))
  add('Response header fields', fields(each.responseHeaders))
  if (each.responseBody) add('Response body', element('pre', { textContent: each.responseBody }))
  return element('tr', { className: 'details' }, cell)
}

/** Connecting, waiting and receiving, where they lie between the first and the last moment of what is shown. */
function track(each, start, width) {
  const { dns = 0, connect = 0, tls = 0, send = 0, wait = 0 } = each.timings
  const connecting = Math.min(dns + connect + tls, each.ms ?? 0)
  const waiting = Math.min(send + wait, Math.max(0, (each.ms ?? 0) - connecting))
  const made = element('div', { className: 'track', title: `+${time(each.at - from)}, ${time(each.ms)}` })
  let at = each.at - start
  for (const [name, ms] of [
    ['connect', connecting],
    ['wait', waiting],
    ['receive', Math.max(0, (each.ms ?? 0) - connecting - waiting)],
  ]) {
    if (ms <= 0 && name !== 'receive') continue
    const bar = element('span', { className: `phase-${name}` })
    bar.style.left = `min(${(at / width) * 100}%, 100% - 2px)`
    bar.style.width = `${(ms / width) * 100}%`
    made.append(bar)
    at += ms
  }
  return made
}

function row(each, start, width) {
  const status = element('span', { className: `status ${groupOf(each)}`, textContent: each.status || (each.failed ? 'error' : '—') })
  const cell = (className, ...children) => element('td', { className }, ...children)
  const made = element(
    'tr',
    { className: 'row', tabIndex: 0 },
    cell('number quiet', String(each.seq)),
    cell('', status),
    cell('cut', each.method),
    element('td', { className: 'cut', title: each.url }, each.url),
    cell('number', bytes(each.received)),
    cell('number', time(each.ms)),
    element('td', {}, track(each, start, width)),
  )
  const toggle = () => {
    if (made.nextElementSibling?.className === 'details') made.nextElementSibling.remove()
    else made.after(details(each))
  }
  made.addEventListener('click', toggle)
  made.addEventListener('keydown', (event) => {
    if (event.key === 'Enter') toggle()
  })
  return made
}

let shown = rowsAtOnce
const filter = document.getElementById('filter')
const more = document.getElementById('more')

function table() {
  const wanted = filter.value.toLowerCase()
  const matching = wanted === '' ? data : data.filter((each) => `${each.method} ${each.url} ${each.status}`.toLowerCase().includes(wanted))
  const page = matching.slice(0, shown)
  const start = page.reduce((least, each) => Math.min(least, each.at), Number.POSITIVE_INFINITY)
  const width = Math.max(1, page.reduce((most, each) => Math.max(most, endOf(each)), 0) - start)
  put('rows', ...page.map((each) => row(each, start, width)))
  const left = matching.length - page.length
  more.hidden = left === 0
  more.textContent = `${count(Math.min(left, rowsAtOnce))} more of ${count(left)}`
}

filter.addEventListener('input', () => {
  shown = rowsAtOnce
  table()
})
more.addEventListener('click', () => {
  shown += rowsAtOnce
  table()
})

timeline()
statusGroups()
ranks('slowest', ({ ms }) => ms ?? 0, time)
ranks('biggest', ({ received: size }) => size, bytes)
table()
