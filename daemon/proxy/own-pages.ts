/** The answers that are weir's own, never an origin's. */
import type { Duplex } from 'node:stream'
import type { Failure } from '../../sdk/model.ts'

const titles = {
  200: 'OK',
  204: 'No Content',
  400: 'Bad Request',
  401: 'Unauthorized',
  404: 'Not Found',
  405: 'Method Not Allowed',
  407: 'Proxy Authentication Required',
  421: 'Misdirected Request',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
} as const

export const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)

export interface OwnResponse {
  status: keyof typeof titles
  fields: readonly string[]
  body: string | Buffer
}

interface Page {
  /** Whether the connection is of use after it. */
  connection?: 'close' | 'keep-alive'
  status: keyof typeof titles
  heading: string
  text: string
  fields?: string[]
}

/** What the client asks of a page. `wantsHtml`: it is a browser. */
export interface PageWish {
  wantsHtml: boolean
  headOnly: boolean
}

export const plainWish: PageWish = { wantsHtml: false, headOnly: false }

/** From the head of the request that is being answered. */
export function wishOf(head: Buffer): PageWish {
  const text = head.toString('latin1', 0, 16 * 1024)
  return { wantsHtml: /^accept[ \t]*:.*text\/html/im.test(text), headOnly: text.startsWith('HEAD ') }
}

export const plainText = (heading: string, text: string): string => `weir: ${heading}\n${text}\n`

/** @param connection close: as its last response */
export function serialize(
  { status, fields, body }: OwnResponse,
  { headOnly }: PageWish,
  connection: 'close' | 'keep-alive' = 'close',
): Buffer {
  const length = status === 204 ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]
  const lines = [
    `HTTP/1.1 ${status} ${titles[status]}`,
    ...length,
    'Cache-Control: no-store',
    ...fields,
    `Connection: ${connection}`,
    '',
    '',
  ]
  const head = Buffer.from(lines.join('\r\n'))
  return headOnly ? head : Buffer.concat([head, Buffer.from(body)])
}

function render(page: Page, wish: PageWish): Buffer {
  const body = wish.wantsHtml
    ? `<!doctype html><meta charset="utf-8"><title>weir: ${escaped(page.heading)}</title><h1>${escaped(page.heading)}</h1><p>${escaped(page.text)}</p>\n`
    : plainText(page.heading, page.text)
  const type = `Content-Type: ${wish.wantsHtml ? 'text/html' : 'text/plain'}; charset=utf-8`
  return serialize({ status: page.status, fields: [type, ...(page.fields ?? [])], body }, wish, page.connection)
}

const singleLine = (text: string): string => text.replace(/[^\x20-\x7e]+/g, ' ')

/** 502: the origin could not be reached; 400: nobody could. */
export const failureStatus = ({ reason }: Failure): 400 | 502 => (reason === 'badRequest' ? 400 : 502)

/** Why there is no answer of an origin. */
export const failurePage = (failure: Failure, wish: PageWish): Buffer =>
  render(
    {
      status: failureStatus(failure),
      heading: failure.reason,
      text: failure.message,
      fields: [`Weir-Failure: ${singleLine(failure.reason)}`],
    },
    wish,
  )

/** The same in few words. */
export const failureText = (failure: Failure): string => plainText(failure.reason, failure.message)

export const badRequestPage = (text: string): Buffer => render({ status: 400, heading: 'badRequest', text }, plainWish)

/** What a CONNECT that names no destination is told. */
export const connectNeeds = 'CONNECT needs a destination like example.com:443.'

export const authRequired = {
  challenge: 'Basic realm="weir"',
  heading: 'proxy authentication required',
  text: 'This proxy asks for the username and password that its session was started with.',
}

/** @param connection keep-alive: the client may try again on the same one */
export const authRequiredPage = (connection: 'close' | 'keep-alive', wish: PageWish): Buffer =>
  render({ status: 407, ...authRequired, fields: [`Proxy-Authenticate: ${authRequired.challenge}`], connection }, wish)

export const tooManyPage = (): Buffer =>
  render({ status: 503, heading: 'limitExceeded', text: 'This listener has as many connections as it may have.' }, plainWish)

/** 401: what 407 is to who asks for the proxy's own pages without going through it (RFC 9110 section 11.6). */
export const ownAuthRequiredPage = (wish: PageWish): Buffer =>
  render(
    {
      status: 401,
      heading: 'authentication required',
      text: "This proxy's pages ask for the username and password that its session was started with.",
      fields: ['WWW-Authenticate: Basic realm="weir"'],
    },
    wish,
  )

/** 421 (RFC 9110 section 15.5.20): a name that leads here and is not weir's, as in a DNS rebinding attack. */
export const otherNamePage = (wish: PageWish): Buffer =>
  render(
    {
      status: 421,
      heading: 'this is not that host',
      text: "This is weir's proxy. It answers for itself under http://weir/ when it is used as the proxy, and under its own address and port, not under other names.",
    },
    wish,
  )

/** How long a client may take to read an answer and go, ms. */
const farewellMs = 2000

/** Sends the page as the connection's last bytes; what the client still sends is read and dropped, so that no reset overtakes the page. */
export function farewell(stream: Duplex, page: Buffer): void {
  stream.on('error', () => undefined)
  stream.end(page)
  stream.removeAllListeners('data')
  stream.resume()
  stream.once('finish', () => {
    const timer = setTimeout(() => stream.destroy(), farewellMs)
    stream.once('close', () => clearTimeout(timer))
  })
}
