/** The way to a browser and back: JSON texts, whole and in order. */

interface TransportListener {
  message(text: string): void
  /** A message was too long to be read and is gone. */
  tooLong(): void
  /** Once: nothing more will come. */
  closed(): void
}

export interface Transport {
  /** Once, before anything is sent. */
  listen(listener: TransportListener): void
  /** Goes nowhere when it is closed. */
  send(text: string): void
  close(): void
}
