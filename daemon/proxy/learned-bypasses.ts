/** Hosts that are not decrypted any more because a client of theirs rejected weir's CA (`tls.autoBypass`). */
import { formatAuthority } from './destination.ts'

/** More are not learned: that many names are made up. */
const most = 1000

export class LearnedBypasses {
  /** `host:port`, lower case. */
  #hosts: Set<string>
  #tell: (host: string) => void

  /** @param known learned before. @param tell hears of each new one */
  constructor(known: readonly string[], tell: (host: string) => void) {
    this.#hosts = new Set(known)
    this.#tell = tell
  }

  has(host: string, port: number): boolean {
    return this.#hosts.size > 0 && this.#hosts.has(keyOf(host, port))
  }

  /** False: it will not be bypassed, for there are too many. */
  add(host: string, port: number): boolean {
    const key = keyOf(host, port)
    if (this.#hosts.has(key)) return true
    if (this.#hosts.size >= most) return false
    this.#hosts.add(key)
    this.#tell(key)
    return true
  }

  clear(): void {
    this.#hosts.clear()
  }
}

const keyOf = (host: string, port: number): string => formatAuthority({ host: host.toLowerCase(), port })
