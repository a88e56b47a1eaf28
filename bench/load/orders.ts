/**
 * Exchanges whose text is like real traffic: JSON with the same keys and varied values, several sets of header fields, ids that never come
 * again. `/v1/orders/NNNNNNNNN` is answered by one of a few thousand orders, with the number and a trace id made from it.
 */
import { blankSerial, serialLength, writeSerial } from './serial.ts'

export const ordersPath = '/v1/orders/'

const templates = 2_048
const traceLength = 32
const blankTrace = '0'.repeat(traceLength)

/** Mulberry32: small, and the same everywhere. */
function numbers(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
}

const syllables = 'an ber cor den el fra gus hol in jas ka lin mor nes ost per qui ras sol tem ul ver wes xan yor zel'.split(' ')
const streets = ['Hauptstrasse', 'High Street', 'Rue de la Gare', 'Via Garibaldi', 'Calle Mayor', 'Lindenallee']
const statuses = ['pending', 'paid', 'packed', 'shipped', 'delivered', 'returned', 'refunded']
const currencies = ['EUR', 'USD', 'GBP', 'CHF', 'SEK']

/** Of a customer of a template: in one of `templates` orders, about. */
export const emailOf = (template: number): string => `${nameOf(numbers(template * 7 + 1), 4)}${template}@example.com`

function nameOf(next: () => number, parts: number): string {
  const name = Array.from({ length: parts }, () => syllables[next() % syllables.length]).join('')
  return name.charAt(0).toUpperCase() + name.slice(1)
}

function orderOf(template: number): string {
  const next = numbers(template + 1)
  const item = () => ({
    sku: `SKU-${(next() % 1e6).toString().padStart(6, '0')}`,
    title: `${nameOf(next, 3)} ${nameOf(next, 2)}`,
    quantity: 1 + (next() % 5),
    unitPrice: (next() % 100_000) / 100,
  })
  return JSON.stringify({
    id: blankSerial,
    traceId: blankTrace,
    status: statuses[next() % statuses.length],
    createdAt: new Date(1_760_000_000_000 + (next() % 1e9)).toISOString(),
    currency: currencies[next() % currencies.length],
    customer: {
      name: `${nameOf(next, 2)} ${nameOf(next, 3)}`,
      email: emailOf(template),
      address: { street: `${streets[next() % streets.length]} ${next() % 200}`, postalCode: String(next() % 1e5), city: nameOf(next, 3) },
    },
    items: Array.from({ length: 2 + (next() % 6) }, item),
  })
}

interface Template {
  bytes: Buffer
  serialAt: number
  traceAt: number
}

function answerOf(template: number): Template {
  const body = orderOf(template)
  const head = [
    'HTTP/1.1 200 OK',
    'Date: Mon, 05 Jan 2026 10:00:00 GMT',
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: private, no-store',
    'Strict-Transport-Security: max-age=31536000',
    `X-Served-By: edge-${template % 16}`,
  ].join('\r\n')
  const text = `${head}\r\n\r\n${body}`
  return { bytes: Buffer.from(text, 'latin1'), serialAt: text.indexOf(blankSerial), traceAt: text.indexOf(blankTrace) }
}

let answers: Template[] | null = null

/** In 32 lower-case hex digits. */
export function traceOf(serial: number): string {
  const next = numbers(serial)
  return Array.from({ length: traceLength / 8 }, () => next().toString(16).padStart(8, '0')).join('')
}

/** The whole answer to the order whose number stands in `request` at `serialAt`. */
export function orderAnswer(request: Buffer, serialAt: number): Buffer {
  answers ??= Array.from({ length: templates }, (_, template) => answerOf(template))
  const serial = Number(request.toString('latin1', serialAt, serialAt + serialLength))
  const { bytes, serialAt: at, traceAt } = answers[numbers(serial)() % templates] as Template
  const answer = Buffer.from(bytes)
  writeSerial(answer, at, serial)
  answer.write(traceOf(serial), traceAt, 'latin1')
  return answer
}

const agents = [
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0',
  'okhttp/5.1.0',
  'python-requests/2.32.5',
]
const languages = ['en-US,en;q=0.9', 'de-DE,de;q=0.9,en;q=0.8', 'fr-FR,fr;q=0.9', 'sv-SE,sv;q=0.8']

/** The fields of one client's requests, after the request line; clients differ by their number. */
export function clientFields(client: number): string[] {
  return [
    `User-Agent: ${agents[client % agents.length]}`,
    'Accept: application/json',
    'Accept-Encoding: gzip, deflate',
    `Accept-Language: ${languages[client % languages.length]}`,
    `Authorization: Bearer ${traceOf(1e9 + client)}`,
    `Cookie: session=${traceOf(2e9 + client)}; theme=${client % 2 ? 'dark' : 'light'}`,
  ]
}
