/**
 * Chromium's NetLog (`--log-net-log`): which of its connections has which port, and what it asks by itself. A JSON document, of which each line from the
 * third on is one event (net/log/file_net_log_observer.cc).
 */
import { Delimited } from '../cdp/delimited.ts'
import type { OwnRequests } from './own-requests.ts'

export interface NetLogOptions {
  /** Of the session's proxy. */
  proxyPort: number
  /** @param connection as the browser numbers it, in the DevTools protocol, too @param port at its end */
  connected(connection: number, port: number): void
  own: Pick<OwnRequests, 'begin' | 'answer'>
}

/** The first line is the longest. */
const mostLineBytes = 4 * 1024 * 1024
const lineFeed = 10

export interface NetLogEvent {
  /** What it is about: a socket, a request. */
  source?: { id?: unknown }
  /** Milliseconds, as text. */
  time?: unknown
  params?: { local_address?: unknown; remote_address?: unknown; method?: unknown; url?: unknown; headers?: readonly unknown[] }
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

  /** Few events are of interest: the others are not parsed. */
  #line(line: Buffer): void {
    const { connected, own, proxyPort } = this.#options
    if (line.includes('"local_address"')) {
      const { source, params } = parsed(line)
      const port = portOf(params?.local_address)
      if (typeof source?.id === 'number' && port !== null && portOf(params?.remote_address) === proxyPort) connected(source.id, port)
    } else if (line.includes('"request_type":"other"') && line.includes('"initiator":"not an origin"')) own.begin(parsed(line))
    else if (line.includes('"headers":["HTTP/')) own.answer(parsed(line))
  }
}

/** Empty: it is no event. */
function parsed(line: Buffer): NetLogEvent {
  try {
    // A comma follows it, or the end of the list.
    return Object(JSON.parse(line.toString('utf8', 0, line.lastIndexOf('}') + 1)))
  } catch {
    return {}
  }
}

/** Of `127.0.0.1:40000` or `[::1]:40000`. */
function portOf(address: unknown): number | null {
  const [, port] = /:(\d{1,5})$/.exec(typeof address === 'string' ? address : '') ?? []
  return port === undefined ? null : Number(port)
}
