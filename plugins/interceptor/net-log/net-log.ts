/**
 * Chromium's NetLog (`--log-net-log`): which of its connections has which port. A JSON document, of which each line from the second on is one event
 * (net/log/file_net_log_observer.cc); its first line names the numbers of the kinds of events.
 */
import { Delimited } from '../cdp/delimited.ts'

export interface NetLogOptions {
  /** Of the session's proxy. */
  proxyPort: number
  /** @param connection as the browser numbers it, in the DevTools protocol, too @param port at its end */
  connected(connection: number, port: number): void
}

/** The first line is the longest. */
const mostLineBytes = 4 * 1024 * 1024
const lineFeed = 10

interface NetLogEvent {
  source?: { id?: unknown }
  params?: { local_address?: unknown; remote_address?: unknown }
}

export class NetLog {
  readonly #options: NetLogOptions
  readonly #lines: Delimited

  constructor(options: NetLogOptions) {
    this.#options = options
    this.#lines = new Delimited({
      separator: lineFeed,
      mostBytes: mostLineBytes,
      whole: (line) => this.#line(line),
      // No event of a connection is.
      tooLong: () => undefined,
    })
  }

  push(chunk: Buffer): void {
    this.#lines.push(chunk)
  }

  /** Few events name an address: the others are not parsed. */
  #line(line: Buffer): void {
    if (!line.includes('"local_address"')) return
    const { source, params } = Object(parsed(line)) as NetLogEvent
    const port = portOf(params?.local_address)
    if (typeof source?.id === 'number' && port !== null && portOf(params?.remote_address) === this.#options.proxyPort)
      this.#options.connected(source.id, port)
  }
}

/** null: it is no event. */
function parsed(line: Buffer): unknown {
  try {
    // A comma follows it, or the end of the list.
    return JSON.parse(line.toString('utf8', 0, line.lastIndexOf('}') + 1))
  } catch {
    return null
  }
}

/** Of `127.0.0.1:40000` or `[::1]:40000`. */
function portOf(address: unknown): number | null {
  const [, port] = /:(\d{1,5})$/.exec(typeof address === 'string' ? address : '') ?? []
  return port === undefined ? null : Number(port)
}
