/** Requests on their way through the proxy thread, which asks for their bodies, and the recorder thread, which tells their seqs. */
import type { RecorderEvents } from '../../capture/surface.ts'
import type { ProxyEvents, SendParams } from '../../proxy/surface.ts'
import type { CaptureThreads } from '../capture-threads.ts'
import type { BodySource } from './draft.ts'

export interface Sent {
  body: BodySource
  /** Its exchange has begun; seq 0: it is not recorded. */
  begun(seq: number): void
}

export class Sends {
  #running = new Map<number, Sent>()
  #last = 0

  /** What the threads say. */
  readonly heard: Pick<RecorderEvents, 'sent'> & Pick<ProxyEvents, 'sendBody'> = {
    sent: ({ send, seq }) => this.#running.get(send)?.begun(seq),
    sendBody: async ({ send, offset }) => {
      const bytes = await this.#running.get(send)?.body.read(offset)
      if (!bytes?.length) throw new Error('the body of a request ended before its end')
      return bytes
    },
  }

  /** Resolves when it has ended, whichever way, and is on record; rejects where that cannot be. */
  async run(threads: CaptureThreads, params: Omit<SendParams, 'send'>, sent: Sent, signal: AbortSignal): Promise<void> {
    const send = ++this.#last
    const abort = () => threads.proxy.current?.notify('abortSend', { send })
    this.#running.set(send, sent)
    signal.addEventListener('abort', abort, { once: true })
    try {
      signal.throwIfAborted()
      await threads.proxy.call('send', { ...params, send })
    } finally {
      signal.removeEventListener('abort', abort)
      await threads.settle().finally(() => this.#running.delete(send))
    }
  }
}
