/** A browser that runs, as a source or by its debugging endpoint: what changes in it comes back, where the rule says so. */
import { defineCookieSync, pluginApi } from '../../sdk/plugin.ts'
import { CdpConnection } from '../interceptor/cdp/connection.ts'
import { cookieTarget } from '../interceptor/cdp/cookie-target.ts'
import { connectEndpoint, noBrowserAt } from '../interceptor/cdp/endpoint.ts'

export default defineCookieSync({
  kind: 'cookie-sync',
  name: 'browser',
  version: '1.0.0',
  api: pluginApi,
  description: 'A browser that weir opened, or a Chromium that runs with --remote-debugging-port',
  config: {
    type: 'object',
    properties: {
      endpoint: { type: 'string', pattern: '^(?:http|ws)://', description: 'http://127.0.0.1:9222, or the ws:// URL that it prints' },
      source: { type: 'string', minLength: 1, description: 'The id of a source, or last: whichever was opened last' },
    },
    oneOf: [{ required: ['endpoint'] }, { required: ['source'] }],
    additionalProperties: false,
  },
  create({ endpoint = '', source }, host) {
    if (source !== undefined) return host.source(source)
    const browser = new BrowserWhenAsked(endpoint)
    return { ...cookieTarget(() => browser.reach()), dispose: () => browser.close() }
  },
})

/** Connected to when something is asked of it, and again after it was away. */
class BrowserWhenAsked {
  readonly #endpoint: string
  #connection: Promise<CdpConnection> | null = null

  constructor(endpoint: string) {
    this.#endpoint = endpoint
  }

  reach(): Promise<CdpConnection> {
    this.#connection ??= this.#connect()
    return this.#connection
  }

  close(): void {
    this.#connection?.then(
      (connection) => connection.close(),
      () => undefined,
    )
    this.#connection = null
  }

  #connect(): Promise<CdpConnection> {
    const away = noBrowserAt(this.#endpoint)
    const made = connectEndpoint(this.#endpoint).then((transport) => new CdpConnection(transport, { away }))
    const over = () => {
      if (this.#connection === made) this.#connection = null
    }
    made.then((connection) => connection.closed).then(over, over)
    return made
  }
}
