/**
 * The secrets of TLS connections, for Wireshark: NSS key log format (RFC 9850). Who has the file can decrypt what was recorded of them.
 */
import { createWriteStream, type WriteStream } from 'node:fs'
import type { TLSSocket } from 'node:tls'

export class KeyLog {
  readonly #path: string
  readonly #fault: (error: Error) => void
  #file: WriteStream | null = null
  #closed = false

  /** Nothing is written before the first secret; then it is 0600, or goes on as it was. */
  constructor(path: string, fault: (error: Error) => void) {
    this.#path = path
    this.#fault = fault
  }

  /** Before the handshake, whichever side it is. */
  follow(socket: TLSSocket): void {
    socket.on('keylog', (line: Buffer) => this.#write(line))
  }

  /** What is still to come is not written. */
  close(): void {
    this.#closed = true
    this.#file?.end()
  }

  #write(line: Buffer): void {
    if (this.#closed) return
    this.#file ??= this.#open()
    this.#file.write(line)
  }

  #open(): WriteStream {
    const file = createWriteStream(this.#path, { flags: 'a', mode: 0o600 })
    file.on('error', (error) => {
      this.#closed = true
      this.#fault(error)
    })
    return file
  }
}
