/** The origins that one client's connection is connected to. */
import type { OriginLink } from './origin-link.ts'
import { reset } from './reset.ts'

/** A client that goes from origin to origin stays connected to so many. */
const mostLinks = 8

export class OriginLinks {
  #links = new Map<string, OriginLink>()

  /** One that takes another request; undefined: there is none. */
  usable(key: string): OriginLink | undefined {
    const link = this.#links.get(key)
    return link && !link.closing && !link.ended ? link : undefined
  }

  add(link: OriginLink): void {
    for (const oldest of this.#links.values()) {
      if (this.#links.size < mostLinks) break
      this.end(oldest)
    }
    this.#links.set(link.key, link)
  }

  /** Of no more use: ends it in order. */
  end(link: OriginLink): void {
    this.forget(link)
    link.side.stream.end()
  }

  forget(link: OriginLink): void {
    if (this.#links.get(link.key) === link) this.#links.delete(link.key)
  }

  endAll(): void {
    for (const link of this.#links.values()) link.side.stream.end()
  }

  /** @param cut the one in whose traffic the client broke off */
  destroyAll(cut: OriginLink | null): void {
    for (const link of this.#links.values()) {
      if (link === cut) reset(link.side)
      else link.side.stream.destroy()
    }
  }

  /** The client takes bytes again. */
  releaseAll(): void {
    for (const link of this.#links.values()) link.release('client')
  }
}
