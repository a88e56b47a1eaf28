/** A TCP connection as it would have been, with the packets of both ends. */
import type { AddressPair } from './address.ts'
import { flags, packetOf } from './packet.ts'

export type Side = 'client' | 'server'
/** @param at Unix ms */
type Write = (packet: Buffer, at: number, comment: string | null) => void

/** Of a segment: an IP packet holds 64 KiB. */
export const segmentBytes = 32 * 1024
const nothing = Buffer.alloc(0)

export class Conversation {
  readonly #addresses: AddressPair
  readonly #ports: { readonly [S in Side]: number }
  readonly #write: Write
  readonly #next: { [S in Side]: number }
  /** Of the packet before: time never goes back. */
  #at = 0

  /** @param start of the sequence numbers */
  constructor(addresses: AddressPair, ports: { readonly [S in Side]: number }, start: number, write: Write) {
    this.#addresses = addresses
    this.#ports = ports
    this.#write = write
    this.#next = { client: start, server: (start + 0x10000000) >>> 0 }
  }

  open(at: number): void {
    this.#segment('client', flags.syn, at)
    this.#segment('server', flags.syn | flags.ack, at)
    this.#segment('client', flags.ack, at)
  }

  /** The first packet has the comment. */
  send(side: Side, bytes: Uint8Array, at: number, comment: string | null): void {
    for (let from = 0; from < bytes.length; from += segmentBytes) {
      const payload = bytes.subarray(from, from + segmentBytes)
      this.#segment(side, flags.push | flags.ack, at, payload, from === 0 ? comment : null)
    }
  }

  /** Both have said all; the one who sends says so first. */
  close(side: Side, at: number): void {
    this.#segment(side, flags.fin | flags.ack, at)
    this.#segment(other(side), flags.fin | flags.ack, at)
    this.#segment(side, flags.ack, at)
  }

  reset(side: Side, at: number): void {
    this.#segment(side, flags.rst | flags.ack, at)
  }

  #segment(side: Side, bits: number, at: number, payload: Uint8Array = nothing, comment: string | null = null): void {
    const to = other(side)
    this.#at = Math.max(this.#at, at)
    const packet = packetOf({
      from: this.#addresses[side],
      to: this.#addresses[to],
      fromPort: this.#ports[side],
      toPort: this.#ports[to],
      sequence: this.#next[side],
      acknowledged: bits & flags.ack ? this.#next[to] : 0,
      flags: bits,
      payload,
    })
    this.#write(packet, this.#at, comment)
    const counted = bits & (flags.syn | flags.fin) ? 1 : 0
    this.#next[side] = (this.#next[side] + payload.length + counted) >>> 0
  }
}

/** Of the conversation with that number: where ports come again the sequence is another, by which readers know that it is another connection. */
export const firstSequence = (number: number): number => (1 + number * 0x10001) >>> 0

const other = (side: Side): Side => (side === 'client' ? 'server' : 'client')
