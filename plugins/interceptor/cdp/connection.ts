/** The Chrome DevTools Protocol on one transport, with all sessions of it (flat): what is asked, and what is told. */
import type { ProtocolMapping } from './protocol.ts'
import type { Transport } from './transport.ts'

type Commands = ProtocolMapping.Commands
type Events = ProtocolMapping.Events

/** @param session undefined: the browser itself */
export type EventHandlers = { [Name in keyof Events]?: (params: Events[Name][0], session: string | undefined) => void }

interface Answer {
  id?: number
  result?: unknown
  error?: { message: string }
  method?: string
  params?: unknown
  sessionId?: string
}

interface Asked {
  session: string | undefined
  resolve(result: unknown): void
  reject(error: Error): void
  timer: NodeJS.Timeout
}

/** A browser that is busy answers late, a page that stands still never. */
const answerMs = 30_000

export interface CdpConnectionOptions {
  handlers?: EventHandlers
  /** A message that was too long is gone. */
  tooLong?(): void
  /** A handler threw: the browser is of a version that says it in another way. */
  notUnderstood?(method: string, error: unknown): void
  /** Why there is no answer any more. */
  away: string
}

export class CdpConnection {
  readonly #transport: Transport
  readonly #options: CdpConnectionOptions
  readonly #asked = new Map<number, Asked>()
  #last = 0
  #isClosed = false
  /** Resolves when the browser says nothing more. */
  readonly closed: Promise<void>

  constructor(transport: Transport, options: CdpConnectionOptions) {
    this.#transport = transport
    this.#options = options
    this.closed = new Promise((resolve) => {
      transport.listen({
        message: (text) => this.#receive(text),
        tooLong: () => options.tooLong?.(),
        closed: () => {
          this.#isClosed = true
          this.#reject(() => true, options.away)
          resolve()
        },
      })
    })
  }

  /** Rejects with what the browser says, or when it does not answer. @param session undefined: the browser itself */
  ask<Method extends keyof Commands>(
    method: Method,
    params?: Commands[Method]['paramsType'][0],
    session?: string,
  ): Promise<Commands[Method]['returnType']> {
    if (this.#isClosed) return Promise.reject(new Error(this.#options.away))
    const id = ++this.#last
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#asked.delete(id)
        reject(new Error(`the browser did not answer within ${answerMs / 1000} s`))
      }, answerMs)
      this.#asked.set(id, { session, resolve: resolve as Asked['resolve'], reject, timer })
      this.#transport.send(JSON.stringify({ id, method, params, sessionId: session }))
    })
  }

  /** The session is over: nothing that was asked in it will be answered. */
  forget(session: string): void {
    this.#reject((asked) => asked.session === session, 'its page, frame or worker is gone')
  }

  close(): void {
    this.#transport.close()
  }

  #receive(text: string): void {
    const { id, result, error, method, params, sessionId } = Object(parsed(text)) as Answer
    if (method !== undefined) this.#tell(method, params, sessionId)
    const asked = this.#asked.get(id as number)
    if (!asked) return
    this.#asked.delete(id as number)
    clearTimeout(asked.timer)
    if (error) asked.reject(new Error(`the browser says: ${error.message}`))
    else asked.resolve(result)
  }

  #tell(method: string, params: unknown, session: string | undefined): void {
    const handler = this.#options.handlers?.[method as keyof Events] as ((params: unknown, session: string | undefined) => void) | undefined
    try {
      handler?.(params, session)
    } catch (error) {
      this.#options.notUnderstood?.(method, error)
    }
  }

  #reject(which: (asked: Asked) => boolean, why: string): void {
    for (const [id, asked] of this.#asked) {
      if (!which(asked)) continue
      this.#asked.delete(id)
      clearTimeout(asked.timer)
      asked.reject(new Error(why))
    }
  }
}

/** null: it is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
