/** For who decodes messages only to know where they end: what they say passes as it came. */
import type { MessageHandler } from '../capture/decoders/http1.ts'

export abstract class Boundaries<Head> implements MessageHandler<Head> {
  abstract onHead(head: Head): void
  abstract onEnd(): void
  abstract onViolation(): void
  onData(): void {
    // Forwarded in one piece with its framing.
  }
  onTrailers(): void {
    // Forwarded with the data.
  }
  onCut(): void {
    // The end of the stream says the same.
  }
  onAnomaly(): void {
    // The recorder's business.
  }
}
