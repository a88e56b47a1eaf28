/** One HTTP/2 request over a connection, and its response, which is read by nobody here. */
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2'
import type { Headers } from '../../../sdk/model.ts'
import type { OutgoingRequest } from '../surface.ts'
import { highWaterMark } from '../two-way.ts'
import type { Speaking } from './speak-http1.ts'
import { withinReason } from './within-reason.ts'
import { written } from './written.ts'

/** RFC 9113 section 8.2.2. */
const connectionSpecific = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade', 'http2-settings'])

/** Resolves when its stream, or the connection, has ended. */
export async function speakHttp2({ stream, request, body }: Omit<Speaking, 'blocks'>): Promise<void> {
  const session = connect('http://origin.invalid', {
    createConnection: () => stream,
    settings: { enablePush: false, initialWindowSize: highWaterMark },
    // Fields are sent as they were given.
    ...({ strictSingleValueFields: false } as object),
  })
  // What fails ends the stream of the request, too.
  session.on('error', () => undefined)
  try {
    await converse(session, request, body)
  } finally {
    session.close()
  }
}

async function converse(session: ClientHttp2Session, request: OutgoingRequest, body: Speaking['body']): Promise<void> {
  const { bodyBytes, trailers } = request
  const endStream = bodyBytes === 0 && trailers.length === 0
  const asked = session.request(http2Fields(request), { endStream, waitForTrailers: trailers.length > 0 })
  const closed = new Promise<void>((resolve) => asked.once('close', () => resolve()))
  const heard = new Promise<void>((resolve) => {
    asked.once('end', () => resolve())
    asked.on('error', () => resolve())
    asked.once('close', () => resolve())
  })
  asked.on('wantTrailers', () => asked.sendTrailers(trailersOf(trailers)))
  asked.resume()
  const said = endStream ? Promise.resolve() : say(asked, body, heard)
  await Promise.race([heard, said.then(() => heard)])
  await withinReason(said)
  asked.close()
  await closed
}

async function say(asked: ClientHttp2Stream, body: Speaking['body'], heard: Promise<void>): Promise<void> {
  await written(asked, body(), heard)
  if (!asked.destroyed) await Promise.race([new Promise<void>((resolve) => asked.end(resolve)), heard])
}

/** Names and values by turns, pseudo-header fields first; the others in the order in which they were given. */
function http2Fields({ method, scheme, authority, target, headers }: OutgoingRequest): string[] {
  const named = headers.map(([name, value]) => [name.toLowerCase(), value] as const)
  const host = named.find(([name]) => name === 'host')?.[1] ?? authority
  const hops = new Set(named.filter(([name]) => name === 'connection').flatMap(([, value]) => value.toLowerCase().split(/\s*,\s*/)))
  const sent = named.filter(
    ([name, value]) =>
      name !== 'host' && !connectionSpecific.has(name) && !hops.has(name) && (name !== 'te' || value.toLowerCase() === 'trailers'),
  )
  return [':method', method, ':scheme', scheme, ':authority', host, ':path', target, ...sent.flat()]
}

function trailersOf(trailers: Headers): { [name: string]: string[] } {
  const all: { [name: string]: string[] } = Object.create(null)
  for (const [name, value] of trailers) {
    const key = name.toLowerCase()
    all[key] = [...(all[key] ?? []), value]
  }
  return all
}
