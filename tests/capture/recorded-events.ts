/** Decoder events as plain values, with adjacent body pieces joined, so that two runs can be compared. */

import type { HeaderBlock } from '../../daemon/capture/decoders/header-block.ts'
import {
  type DecoderOptions,
  Http1RequestDecoder,
  Http1ResponseDecoder,
  type RequestHead,
  type ResponseHead,
} from '../../daemon/capture/decoders/http1.ts'
import type { Anomaly } from '../../sdk/model.ts'

export type Event =
  | { head: string; fields: readonly (readonly [string, string])[] }
  | { informational: number }
  | { data: string }
  | { trailers: readonly (readonly [string, string])[] }
  | { end: true }
  | { cut: true }
  | { anomaly: Anomaly }
  | { violation: Anomaly; offset: number }

class Events {
  readonly list: Event[] = []

  onData(bytes: Buffer): void {
    const last = this.list.at(-1)
    if (last && 'data' in last) last.data += bytes.toString('latin1')
    else this.list.push({ data: bytes.toString('latin1') })
  }
  onTrailers(block: HeaderBlock): void {
    this.list.push({ trailers: block.fields })
  }
  onEnd(): void {
    this.list.push({ end: true })
  }
  onCut(): void {
    this.list.push({ cut: true })
  }
  onAnomaly(anomaly: Anomaly): void {
    this.list.push({ anomaly })
  }
  onViolation(anomaly: Anomaly, offset: number): void {
    this.list.push({ violation: anomaly, offset })
  }
}

class RequestEvents extends Events {
  onHead(head: RequestHead): void {
    this.list.push({ head: `${head.method}|${head.target}|${head.version}`, fields: head.block.fields })
  }
}

class ResponseEvents extends Events {
  #methods: string[]

  constructor(methods: string[]) {
    super()
    this.#methods = [...methods]
  }
  requestMethod(): string | null {
    return this.#methods.shift() ?? null
  }
  onHead(head: ResponseHead): void {
    this.list.push({ head: `${head.status}|${head.reason}|${head.version}`, fields: head.block.fields })
  }
  onInformational(head: ResponseHead): void {
    this.list.push({ informational: head.status })
  }
}

const bytes = (text: string | Buffer) => (typeof text === 'string' ? Buffer.from(text, 'latin1') : text)

/** The pieces are pushed one after the other; an 'end' closes the direction. */
export function requestEvents(pieces: (string | Buffer)[], ending: 'open' | 'end' = 'open', options: DecoderOptions = {}): Event[] {
  const events = new RequestEvents()
  const decoder = new Http1RequestDecoder(events, options)
  for (const piece of pieces) decoder.push(bytes(piece), 1)
  if (ending === 'end') decoder.end(2)
  return events.list
}

/** `methods`: of the requests that wait, in order. */
export function responseEvents(
  pieces: (string | Buffer)[],
  methods: string[],
  ending: 'open' | 'end' = 'open',
  options: DecoderOptions = {},
): Event[] {
  const events = new ResponseEvents(methods)
  const decoder = new Http1ResponseDecoder(events, options)
  for (const piece of pieces) decoder.push(bytes(piece), 1)
  if (ending === 'end') decoder.end(2)
  return events.list
}
