/** The few answers that are weir's own, never an origin's. */
import type { Duplex } from 'node:stream'
import type { Failure } from '../../sdk/model.ts'

const titles = {
  400: 'Bad Request',
  407: 'Proxy Authentication Required',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
} as const

const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)

interface Page {
  status: 200 | keyof typeof titles
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

const plainText = (heading: string, text: string): string => `weir: ${heading}\n${text}\n`

function render(page: Page, wish: PageWish): Buffer {
  const title = page.status === 200 ? 'OK' : titles[page.status]
  const body = wish.wantsHtml
    ? `<!doctype html><meta charset="utf-8"><title>weir: ${escaped(page.heading)}</title><h1>${escaped(page.heading)}</h1><p>${escaped(page.text)}</p>\n`
    : plainText(page.heading, page.text)
  const head = [
    `HTTP/1.1 ${page.status} ${title}`,
    `Content-Type: ${wish.wantsHtml ? 'text/html' : 'text/plain'}; charset=utf-8`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    ...(page.fields ?? []),
    'Connection: close',
    '',
    '',
  ].join('\r\n')
  return Buffer.from(wish.headOnly ? head : head + body)
}

const singleLine = (text: string): string => text.replace(/[^\x20-\x7e]+/g, ' ')

/** 502: the origin could not be reached, and why. */
export const failurePage = (failure: Failure, wish: PageWish): Buffer =>
  render(
    {
      status: failure.reason === 'badRequest' ? 400 : 502,
      heading: failure.reason,
      text: failure.message,
      fields: [`Weir-Failure: ${singleLine(failure.reason)}`],
    },
    wish,
  )

/** The same in few words. */
export const failureText = (failure: Failure): string => plainText(failure.reason, failure.message)

export const badRequestPage = (text: string): Buffer => render({ status: 400, heading: 'badRequest', text }, plainWish)

export const authRequiredPage = (): Buffer =>
  render(
    {
      status: 407,
      heading: 'proxy authentication required',
      text: 'This proxy asks for the username and password that its session was started with.',
      fields: ['Proxy-Authenticate: Basic realm="weir"'],
    },
    plainWish,
  )

export const tooManyPage = (): Buffer =>
  render({ status: 503, heading: 'limitExceeded', text: 'This listener has as many connections as it may have.' }, plainWish)

/** For a browser that was pointed at the proxy's port as if it were a web server. */
export const welcomePage = (wish: PageWish): Buffer =>
  render(
    {
      status: 200,
      heading: "this is weir's proxy",
      text: 'It is no web site: set it as the HTTP proxy of the program whose traffic you want to capture, and let that program trust the CA that `weir ca` names.',
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
