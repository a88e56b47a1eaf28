/**
 * A tunnel whose client says nothing. It may be slow, or it may wait for a server that speaks first (SMTP, MySQL): so the
 * origin is reached, and whoever speaks first decides. The origin: the tunnel is blind, over that connection. The client:
 * what it says is read as if it had come at once, and the connection goes.
 */
import type { Arrival } from './arrival.ts'
import type { Destination } from './destination.ts'
import { blindTunnel, joinBlind, reachBlind, refuseBlind } from './relay.ts'
import { type Services, undertake } from './services.ts'
import type { PlainOrigin } from './upstream.ts'

/**
 * Returns what ends the wait, for when the client has spoken. A client that ends its direction goes the way of the origin's word.
 * @param becomesBlind called once, before anything but the caller touches the client's stream
 */
export function outwait(services: Services, arrival: Arrival, destination: Destination, becomesBlind: () => void): () => void {
  const { stream } = arrival
  const tunnel = blindTunnel(arrival, destination, { why: 'undecoded', answer: null })
  let isOver = false
  let drop = (): void => undefined

  const listenTo = (origin: PlainOrigin) => {
    const { socket } = origin
    const leave = () => {
      socket.off('data', spoken).off('end', heard).off('close', heard).pause()
      stream.off('end', heard)
    }
    const spoken = (chunk: Buffer) => {
      socket.off('data', spoken).pause()
      socket.unshift(chunk)
      heard()
    }
    const heard = () => {
      leave()
      isOver = true
      becomesBlind()
      joinBlind(tunnel, origin)
    }
    drop = () => {
      leave()
      socket.destroy()
    }
    if (stream.readableEnded) return heard()
    stream.on('end', heard)
    socket.on('data', spoken).on('end', heard).on('close', heard).resume()
  }

  const reach = async () => {
    let origin: PlainOrigin
    try {
      origin = await reachBlind(services, tunnel)
    } catch (error) {
      if (isOver) return
      isOver = true
      becomesBlind()
      return refuseBlind(tunnel, error as Error)
    }
    if (isOver) origin.socket.destroy()
    else listenTo(origin)
  }
  undertake(services, arrival, reach())
  return () => {
    if (isOver) return
    isOver = true
    arrival.unreached()
    drop()
  }
}
