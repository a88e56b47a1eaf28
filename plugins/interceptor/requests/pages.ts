/** Which page is in a tab: as its main frame asks for documents and what belongs to them. */
import type { Protocol } from '../cdp/protocol.ts'
import type { Targets, WatchedTarget } from '../cdp/targets.ts'

export class Pages {
  readonly #targets: Pick<Targets, 'of' | 'pageOf'>
  readonly #urls = new WeakMap<WatchedTarget, string>()

  constructor(targets: Pick<Targets, 'of' | 'pageOf'>) {
    this.#targets = targets
  }

  /** A page's main frame has the id of the page. */
  learn({ frameId, documentURL, request, type }: Protocol.Network.RequestWillBeSentEvent, session: string): void {
    const target = this.#targets.of(session)
    // The script of a worker counts as its own document.
    const isWorkerScript = documentURL === request.url && type !== 'Document'
    if (target?.type === 'page' && frameId === target.targetId && documentURL !== '' && !isWorkerScript) this.#urls.set(target, documentURL)
  }

  /** Of the page that a page, frame or worker is in; undefined: in none, or it is not known. */
  urlFor(session: string): string | undefined {
    const page = this.#targets.pageOf(session)
    if (page === null) return undefined
    const url = this.#urls.get(page) ?? page.url
    return url === '' || url === 'about:blank' ? undefined : url
  }
}
