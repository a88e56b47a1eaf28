/** What a browser shows of its network, of all its pages, frames and workers, as events of a source. */
import type { PluginHost, SourceRun } from '../../sdk/plugin.ts'
import type { SourceEvent } from '../../sdk/source.ts'
import { CdpConnection } from './cdp/connection.ts'
import { ProxyCredentials } from './cdp/proxy-credentials.ts'
import { type TargetEnd, Targets, type WatchedTarget } from './cdp/targets.ts'
import type { Transport } from './cdp/transport.ts'
import { CertificateTags } from './certificate-tags.ts'
import { Bodies, mostBodyBytes } from './requests/bodies.ts'
import type { BrowserClock } from './requests/browser-clock.ts'
import { Outbox } from './requests/outbox.ts'
import { Pages } from './requests/pages.ts'
import type { ProxyUse } from './requests/proxied.ts'
import { Requests } from './requests/requests.ts'
import { Telling } from './requests/telling.ts'
import { WebSockets } from './requests/web-sockets.ts'

export interface CaptureOptions {
  run: SourceRun
  log: PluginHost['log']
  clock: BrowserClock
  transport: Transport
  proxyUse: ProxyUse
  /** What is said when something is asked of a browser that is gone. */
  away: string
}

/**
 * What a browser keeps of its bodies, for each page, frame and worker. Bodies are asked for at once, so few are lost when a page goes;
 * where `Network.configureDurableMessages` keeps them, those that service workers answer with are missing.
 */
const network = { maxTotalBufferSize: 3 * mostBodyBytes, maxResourceBufferSize: mostBodyBytes, maxPostDataSize: 64 * 1024 }

/** A part of what a source has to stop. */
const lastWordsMs = 700

export class Capture {
  readonly connection: CdpConnection
  readonly #outbox: Outbox
  readonly #targets: Targets
  readonly #requests: Requests
  readonly #webSockets: WebSockets

  constructor({ run, log, clock, transport, proxyUse, away }: CaptureOptions) {
    const { sourceId, proxyCredentials, session } = run
    this.#outbox = new Outbox({
      clock,
      emit: (events) => run.emit(events),
      failed: (error) => log(`its session takes nothing more: ${String(error)}`),
    })
    const { tell } = this.#outbox
    const lost = () => tell({ kind: 'lost', from: clock.now(), to: clock.now() })
    const credentials =
      proxyCredentials && session.proxy
        ? new ProxyCredentials({ proxy: session.proxy, credentials: proxyCredentials, connection: () => this.connection, log })
        : null
    const targets = new Targets({
      network,
      credentials,
      navigated: (target) => this.#webSockets.leave(target, 'gone'),
      ended: (target, how) => {
        this.#leave(target, how)
        // What it went on to do nobody saw.
        if (how !== 'gone') lost()
      },
    })
    const pages = new Pages(targets)
    const bodies = new Bodies({ ask: (...asked) => this.connection.ask(...asked) })
    const telling = new Telling({ sourceId, clock, targets, pages, bodies, proxyUse, tags: new CertificateTags(run, tell), tell })
    this.#targets = targets
    this.#requests = new Requests({ clock, pages, telling, gaveUp: lost })
    this.#webSockets = new WebSockets({ sourceId, clock, targets, pages, proxyUse, tell })
    this.connection = new CdpConnection(transport, {
      handlers: { ...credentials?.handlers, ...targets.handlers, ...this.#requests.handlers, ...this.#webSockets.handlers },
      tooLong: lost,
      notUnderstood: (method, error) => {
        log(`${method} was not understood: ${String(error)}`)
        lost()
      },
      away,
    })
  }

  /** Tells something that was seen elsewhere. */
  tell(event: SourceEvent): void {
    this.#outbox.tell(event)
  }

  /** As the browser calls itself. Rejects when it does not answer like one. */
  async start(): Promise<string> {
    const { product } = await this.connection.ask('Browser.getVersion')
    await this.#targets.attach(this.connection)
    return String(product).replace('/', ' ')
  }

  /** Not before its requests are seen. */
  async show(url: string, place: 'firstTab' | 'newTab'): Promise<void> {
    const { connection } = this
    const targetId = place === 'newTab' ? (await connection.ask('Target.createTarget', { url: 'about:blank' })).targetId : null
    const { session } = await this.#targets.page(targetId)
    await connection.ask('Page.navigate', { url }, session)
  }

  /** Before the browser is told to end: what its pages have told and is on its way arrives. */
  async heard(): Promise<void> {
    await this.#targets.heard(lastWordsMs)
  }

  /** What was seen is with the recorder when it resolves. */
  async stop(): Promise<void> {
    this.#webSockets.stop()
    await this.#requests.stop()
    await this.#outbox.flushed()
  }

  #leave(target: WatchedTarget, how: TargetEnd): void {
    this.#requests.leave(target, how)
    this.#webSockets.leave(target, how)
  }
}
