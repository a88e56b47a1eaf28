/** One TCP connection, made with the addresses of a name in turn (RFC 8305, as Node does it). */
import { type BlockList, connect, isIP, type Socket } from 'node:net'
import type { OriginFacts } from '../capture/wire-copy.ts'
import type { Destination } from './destination.ts'
import { connectFailure } from './origin-failure.ts'
import { highWaterMark } from './two-way.ts'

export interface Dialled {
  socket: Socket
  facts: OriginFacts
}

export interface DialLimits {
  /** Of a name; null: both. */
  family: 4 | 6 | null
  blockList: BlockList | undefined
  connectMs: number
}

/** Not reading yet, half-open allowed. Rejects with OriginFailure, whose message begins with `where`. */
export function dial(destination: Destination, where: string, { family, blockList, connectMs }: DialLimits): Promise<Dialled> {
  const started = performance.now()
  return new Promise((resolve, reject) => {
    const socket = connect({
      ...destination,
      noDelay: true,
      allowHalfOpen: true,
      highWaterMark,
      ...(family !== null && { family }),
      ...(blockList && { blockList }),
    } as never)
    let resolved = started
    const timer = setTimeout(() => socket.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })), connectMs)
    const failed = (error: Error) => {
      clearTimeout(timer)
      reject(connectFailure(error, family === null ? where : `${where} (IPv${family} only)`))
    }
    socket.once('lookup', () => {
      resolved = performance.now()
    })
    // Stays: an error before the connection has its next owner must not go unheard.
    socket.on('error', failed)
    socket.once('connect', () => {
      clearTimeout(timer)
      const facts: OriginFacts = {
        server: { address: socket.remoteAddress ?? '', port: socket.remotePort ?? destination.port },
        connect: performance.now() - resolved,
      }
      if (isIP(destination.host) === 0) facts.dns = resolved - started
      resolve({ socket, facts })
    })
  })
}
