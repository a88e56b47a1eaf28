/** The session in the picture: somebody orders something. */
import { type JsonlLine, jsonlVersion } from '../../sdk/jsonl.ts'

interface Step {
  method?: string
  url: string
  status?: number
  type?: string
  body?: string
  sent?: string
  ms: number
  /** Since the step before began. */
  after: number
  bytes?: number
}

const order = {
  id: 'ord_20260131_0042',
  state: 'confirmed',
  total: { amount: 48.9, currency: 'EUR' },
  items: [
    { sku: 'BK-1007', title: 'Weirs and sluices', quantity: 1, price: 32.5 },
    { sku: 'PN-0031', title: 'Pencils, a dozen', quantity: 2, price: 8.2 },
  ],
  shipping: { method: 'standard', eta: '2026-02-03' },
}

const shop = 'https://shop.example'
const api = 'https://api.shop.example'
const steps: Step[] = [
  { url: `${shop}/`, type: 'text/html', bytes: 18_400, ms: 62, after: 0 },
  { url: `${shop}/assets/app.css`, type: 'text/css', bytes: 24_100, ms: 21, after: 40 },
  { url: `${shop}/assets/app.js`, type: 'text/javascript', bytes: 182_000, ms: 48, after: 2 },
  { url: `${shop}/assets/logo.svg`, type: 'image/svg+xml', bytes: 3_200, ms: 14, after: 3 },
  { url: `${api}/v1/session`, type: 'application/json', body: '{"user":"ada"}', ms: 33, after: 55 },
  { url: `${api}/v1/catalogue?page=1&sort=new`, type: 'application/json', bytes: 41_200, ms: 120, after: 12 },
  { url: 'https://img.cdn.example/p/bk-1007.webp', type: 'image/webp', bytes: 61_000, ms: 37, after: 90 },
  { url: 'https://img.cdn.example/p/pn-0031.webp', type: 'image/webp', bytes: 48_500, ms: 52, after: 1 },
  { url: 'https://img.cdn.example/p/old.webp', status: 404, type: 'text/plain', bytes: 9, ms: 18, after: 1 },
  {
    method: 'PUT',
    url: `${api}/v1/cart/items/BK-1007`,
    type: 'application/json',
    sent: '{"quantity":1}',
    body: '{"items":1}',
    ms: 44,
    after: 60,
  },
  {
    method: 'PUT',
    url: `${api}/v1/cart/items/PN-0031`,
    type: 'application/json',
    sent: '{"quantity":2}',
    body: '{"items":3}',
    ms: 39,
    after: 50,
  },
  {
    method: 'POST',
    url: `${api}/v1/orders`,
    status: 503,
    type: 'application/json',
    sent: '{"cart":"c_81"}',
    body: '{"error":"busy"}',
    ms: 210,
    after: 70,
  },
  {
    method: 'POST',
    url: `${api}/v1/orders?retry=1`,
    status: 201,
    type: 'application/json',
    sent: '{"cart":"c_81"}',
    body: JSON.stringify(order),
    ms: 164,
    after: 260,
  },
  { url: `${shop}/thanks`, status: 302, type: 'text/html', bytes: 0, ms: 12, after: 150 },
  { url: `${shop}/orders/ord_20260131_0042`, type: 'text/html', bytes: 11_800, ms: 47, after: 14 },
  { method: 'POST', url: 'https://metrics.example/collect', status: 204, type: '', sent: 'e=order', bytes: 0, ms: 26, after: 30 },
]

/** JSON Lines, as weir imports them. */
export function pictured(): string {
  let startedAt = Date.UTC(2026, 0, 31, 14, 2, 11)
  return steps
    .map((step, at) => {
      startedAt += step.after
      return `${JSON.stringify(lineOf(step, at + 1, startedAt))}\n`
    })
    .join('')
}

function lineOf(
  { method = 'GET', url, status = 200, type = '', body, sent, ms, bytes = 0 }: Step,
  seq: number,
  startedAt: number,
): JsonlLine {
  const answer = body ?? 'x'.repeat(bytes)
  const { host } = new URL(url)
  const isFirst = seq === 1 || seq === 5 || seq === 7
  return {
    weir: jsonlVersion,
    seq,
    sessionId: 'checkout',
    connectionId: host,
    source: 'proxy',
    state: 'complete',
    kind: 'http',
    startedAt,
    durationMs: ms,
    timings: { ...(isFirst && { dns: 2, connect: 5, tls: 9 }), send: 1, wait: Math.round(ms * 0.6), receive: Math.round(ms * 0.2) },
    client: { address: '127.0.0.1', port: 50_412 },
    server: { address: '192.0.2.7', port: 443 },
    tls: null,
    tags: [],
    note: null,
    request: {
      method,
      url,
      httpVersion: '2',
      headers: [
        ['user-agent', 'shop-app/3.1'],
        ['accept', '*/*'],
        ...(sent === undefined ? [] : ([['content-type', 'application/json']] as [string, string][])),
      ],
      trailers: [],
      bodySize: sent?.length ?? 0,
      truncated: false,
    },
    response: {
      status,
      reason: '',
      httpVersion: '2',
      headers: [
        ...(type === '' ? [] : ([['content-type', type]] as [string, string][])),
        ['date', new Date(startedAt).toUTCString()],
        ['server-timing', `app;dur=${Math.round(ms * 0.6)}`],
      ],
      trailers: [],
      informational: [],
      bodySize: answer.length,
      truncated: false,
    },
    bodies: { ...(sent !== undefined && { request: { text: sent } }), ...(answer !== '' && { response: { text: answer } }) },
  }
}
