/** The forwarder's connection to one origin: one client's requests go out on it, their responses come back in order. */
import type { HeaderBlocks } from '../capture/decoders/header-block.ts'
import { Http1ResponseDecoder, type ResponseHandler, type ResponseHead } from '../capture/decoders/http1.ts'
import type { OriginFacts } from '../capture/wire-copy.ts'
import { Boundaries } from './boundaries.ts'
import { isReset, type Side } from './reset.ts'

/** Longer heads are no less forwarded, but boundaries are not looked for any more, bytes. */
export const longestHead = 16 * 1024 * 1024

/** What the forwarder hears from a link. */
export interface LinkOwner {
  /** Bytes of responses, as they came. */
  onResponseBytes(link: OriginLink, bytes: Buffer): void
  /** Responses are complete, and their bytes have been handed over. */
  onResponsesEnded(link: OriginLink): void
  /** 101: from now on both directions are another protocol. */
  onSwitched(link: OriginLink): void
  /** The origin sent what nobody asked for; it was not handed over. */
  onUnasked(link: OriginLink): void
  /** The origin ended its direction. */
  onLinkEnded(link: OriginLink): void
  /** The connection is gone. `cut`: by a reset, or without an end. */
  onLinkClosed(link: OriginLink, cut: boolean): void
  onLinkDrained(link: OriginLink): void
}

export interface LinkOptions {
  /** `scheme://host:port`. */
  key: string
  side: Side
  facts: OriginFacts
  blocks: HeaderBlocks
  /** Whether the client's connection carries requests to other origins too: then nothing may pass that was not asked for. */
  shares: 'the client connection' | 'nothing'
}

/** Nothing, or empty lines: some origins send one after a body. */
function isBlank(bytes: Buffer, from: number): boolean {
  for (let at = from; at < bytes.length; at++) if (bytes[at] !== 13 && bytes[at] !== 10) return false
  return true
}

export class OriginLink extends Boundaries<ResponseHead> implements ResponseHandler {
  readonly key: string
  readonly facts: OriginFacts
  readonly side: Side
  /** Methods of the requests that wait for their responses, oldest first. */
  readonly waiting: string[] = []
  /** Its last response says that none will follow. */
  closing = false
  ended = false
  #owner: LinkOwner
  #decoder: Http1ResponseDecoder
  #guarded: boolean
  /** The end of a response cannot be told any more. */
  #blind = false
  #switched = false
  #completed = 0
  #unaskedFrom = -1
  #reset = false
  #holds = new Set<string>()

  constructor(owner: LinkOwner, options: LinkOptions) {
    super()
    this.#owner = owner
    this.key = options.key
    this.side = options.side
    this.facts = options.facts
    this.#guarded = options.shares === 'the client connection'
    this.#decoder = new Http1ResponseDecoder(this, { blocks: options.blocks, maxHead: longestHead })
    const { stream } = options.side
    stream.on('data', (chunk: Buffer) => this.#read(chunk))
    stream.on('drain', () => owner.onLinkDrained(this))
    stream.on('end', () => this.#end())
    stream.on('error', (error) => {
      this.#reset ||= isReset(error)
    })
    stream.on('close', () => owner.onLinkClosed(this, this.#reset || !this.ended))
    stream.resume()
  }

  /** Reads no more until each reason is released. */
  hold(reason: 'client' | 'copy'): void {
    this.#holds.add(reason)
    this.side.stream.pause()
  }

  release(reason: 'client' | 'copy'): void {
    if (this.#holds.delete(reason) && this.#holds.size === 0) this.side.stream.resume()
  }

  #read(chunk: Buffer): void {
    if (this.#blind || this.#switched) {
      this.#owner.onResponseBytes(this, chunk)
      return
    }
    this.#unaskedFrom = this.#guarded && this.waiting.length === 0 ? 0 : -1
    if (this.#unaskedFrom < 0) this.#decoder.push(chunk, 0)
    if (this.#unaskedFrom >= 0 && isBlank(chunk, this.#unaskedFrom)) this.#unaskedFrom = -1
    const asked = this.#unaskedFrom < 0 ? chunk : chunk.subarray(0, this.#unaskedFrom)
    if (asked.length > 0) this.#owner.onResponseBytes(this, asked)
    if (this.#switched) this.#owner.onSwitched(this)
    else if (this.#unaskedFrom >= 0) this.#owner.onUnasked(this)
    else this.#reportEnded()
  }

  #end(): void {
    this.ended = true
    this.#decoder.end(0)
    if (this.#completed > 0) this.closing = true
    this.#completed = 0
    this.#owner.onLinkEnded(this)
  }

  #reportEnded(): void {
    if (this.#completed === 0) return
    this.#completed = 0
    this.#owner.onResponsesEnded(this)
  }

  requestMethod(): string | null {
    return this.waiting[0] ?? null
  }
  override onHead(head: ResponseHead): void {
    const { close, keepAlive } = head.block.framing
    this.closing = close || (head.version === '1.0' && !keepAlive)
    if (head.status !== 101) return
    this.waiting.shift()
    this.#switched = true
  }
  override onEnd(): void {
    if (this.#unaskedFrom >= 0) return
    this.waiting.shift()
    this.#completed += 1
    if (this.#guarded && this.waiting.length === 0) this.#unaskedFrom = this.#decoder.position
  }
  override onViolation(): void {
    this.#blind = true
  }
  onInformational(): void {
    // Passes like everything else.
  }
}
