/** What a source tells of and has not ended, or is not decided, by id; bounded, for a source need not end anything. */
import type { SeenRequest } from './seen-request.ts'

export class OpenRequests {
  readonly #most: { requests: number; bytes: number }
  readonly #requests = new Map<string, { request: SeenRequest; bytes: number }>()
  #bytes = 0

  constructor(most: { requests: number; bytes: number }) {
    this.#most = most
  }

  /** @param bytes that its head takes */
  hasRoomFor(id: string, bytes: number): boolean {
    const { requests, bytes: most } = this.#most
    return !this.#requests.has(id) && this.#requests.size < requests && this.#bytes + bytes <= most
  }

  add(request: SeenRequest, bytes: number): void {
    this.#requests.set(request.id, { request, bytes })
    this.#bytes += bytes
  }

  get(id: string): SeenRequest | undefined {
    return this.#requests.get(id)?.request
  }

  delete(id: string): void {
    this.#bytes -= this.#requests.get(id)?.bytes ?? 0
    this.#requests.delete(id)
  }

  *values(): Generator<SeenRequest> {
    for (const { request } of this.#requests.values()) yield request
  }
}
