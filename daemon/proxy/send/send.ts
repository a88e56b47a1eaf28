/**
 * A request of weir's own. It goes the way of all others: a connection to the origin by the session's policy, joined to a client and copied to the
 * recorder. Only the client is no socket but the other end of a pair of streams, on which weir itself speaks.
 */
import { type Duplex, duplexPair } from 'node:stream'
import type { Failure } from '../../../sdk/model.ts'
import type { ConnectionOpened } from '../../capture/wire-copy.ts'
import { unixTime } from '../../thread/unix-time.ts'
import type { ConnectionCopy } from '../connection-copy.ts'
import { formatAuthority } from '../destination.ts'
import { clientCertificateWanted, connectFailure, OriginFailure } from '../origin-failure.ts'
import type { Policy } from '../policy.ts'
import type { Services } from '../services.ts'
import type { OutgoingRequest, SendParams } from '../surface.ts'
import { highWaterMark, joinTwoWays } from '../two-way.ts'
import type { Origin } from '../upstream.ts'
import { http1Request } from './http1-request.ts'
import type { RequestBody } from './request-body.ts'
import { speakHttp1 } from './speak-http1.ts'
import { speakHttp2 } from './speak-http2.ts'
import { withinReason } from './within-reason.ts'

/** Of a body whose origin was not reached so much is put on record, bytes. */
const recordedBytes = 256 * 1024

/** Why a send is ended from outside. */
export type SendEnd = 'cancelled' | 'late'

export interface Sending extends Pick<SendParams, 'send' | 'session' | 'request'> {
  policy: Policy
  body: RequestBody
  /** Aborted with a SendEnd. */
  signal: AbortSignal
}

type Known = Omit<ConnectionOpened, 'protocol' | 'opaque' | 'origin'>

/** Resolves when it has ended and its connection's record has, too. Rejects when the body cannot be read. */
export async function sendRequest(services: Services, sending: Sending): Promise<void> {
  const { send, session, request } = sending
  const copy = services.queue.connection(session)
  const authority = formatAuthority(request.destination)
  const known: Known = { session, client: null, send, scheme: request.scheme, authority, startedAt: unixTime() }
  let origin: Origin
  try {
    origin = await reach(services, sending, authority)
  } catch (error) {
    if (sending.signal.reason === 'cancelled') copy.close({ by: 'client', reset: true })
    else await putOnRecord(copy, known, sending, connectFailure(error as Error, authority).failure)
    return
  }
  await converse(services, sending, origin, copy, known)
}

/** Rejects with OriginFailure, also when it is aborted meanwhile. */
async function reach({ upstream }: Services, { request, policy, signal }: Sending, authority: string): Promise<Origin> {
  const { scheme, destination, versions } = request
  const protocols = versions.map((version) => (version === '2' ? 'h2' : 'http/1.1'))
  const reaching = upstream.reach(destination, { scheme, reach: 'anywhere', policy, name: destination.host, protocols })
  const aborted = new Promise<never>((_, reject) => {
    const end = () => reject(new OriginFailure('connectTimeout', `${authority}: it could not be reached in the time given`))
    if (signal.aborted) end()
    signal.addEventListener('abort', end, { once: true })
  })
  const origin = await Promise.race([reaching, aborted]).catch((error: unknown) => {
    reaching.then(({ socket }) => socket.destroy()).catch(() => undefined)
    throw error
  })
  if (scheme === 'http' || origin.protocol === 'h2' || versions.some((version) => version !== '2')) return origin
  origin.socket.destroy()
  throw new OriginFailure('tlsHandshakeFailed', `${authority}: it does not speak HTTP/2 (ALPN): leave the version to it, or choose 1.1`)
}

/** What would have been sent, and why it was not. */
async function putOnRecord(copy: ConnectionCopy, known: Known, { request, body }: Sending, failure: Failure): Promise<void> {
  copy.open({ ...known, protocol: 'http1' })
  const recorded = request.bodyBytes > recordedBytes ? noBody : body
  for await (const bytes of http1Request(request, recorded)) copy.fromClient(bytes)
  copy.failed(failure)
  copy.close({ by: 'weir', reset: false })
}

async function* noBody(): AsyncGenerator<Buffer> {
  // Nothing of it.
}

/** In the protocol that the origin chose; in clear text the one that was asked for. */
const isHttp2 = ({ scheme, versions }: OutgoingRequest, { protocol }: Origin): boolean =>
  scheme === 'https' ? protocol === 'h2' : versions.every((version) => version === '2')

async function converse(
  { blocks }: Services,
  { request, body, signal }: Sending,
  origin: Origin,
  copy: ConnectionCopy,
  known: Known,
): Promise<void> {
  const { socket, transport, facts } = origin
  const http2 = isHttp2(request, origin)
  const [mine, theirs] = duplexPair({ highWaterMark })
  const ended = new Promise<void>((resolve) => theirs.once('end', resolve).once('close', resolve))
  copy.open({ ...known, origin: facts, protocol: http2 ? 'http2' : 'http1' })
  const joined = new Promise<void>((resolve) => {
    joinTwoWays({ stream: theirs, transport: theirs }, { stream: socket, transport }, copy, ({ by, reset, error }) => {
      const wanted = by === 'origin' && error ? clientCertificateWanted(error, known.authority) : null
      copy.close({ by, reset, ...(wanted && { failure: wanted.failure }) })
      resolve()
    })
  })
  const abort = () => {
    copy.close(endOf(signal.reason as SendEnd, known.authority))
    destroy(mine, theirs, socket)
  }
  signal.addEventListener('abort', abort, { once: true })
  if (signal.aborted) abort()
  try {
    await (http2 ? speakHttp2({ stream: mine, request, body }) : speakHttp1({ stream: mine, request, body, blocks }))
    if (socket.readableEnded && !socket.errored) copy.close({ by: 'origin', reset: false })
    else if (socket.destroyed || socket.errored) await withinReason(joined)
    else {
      mine.end()
      await withinReason(ended)
      copy.close({ by: 'client', reset: false })
    }
  } finally {
    signal.removeEventListener('abort', abort)
    copy.close({ by: 'client', reset: true })
    destroy(mine, theirs, socket)
  }
}

const endOf = (end: SendEnd, where: string): Parameters<ConnectionCopy['close']>[0] =>
  end === 'late'
    ? {
        by: 'weir',
        reset: false,
        failure: { reason: 'upstreamTimeout', message: `${where}: it did not answer as a whole in the time given` },
      }
    : { by: 'client', reset: true }

function destroy(...streams: Duplex[]): void {
  for (const stream of streams) stream.destroy()
}
