/** One HTTP/1 request over a connection, and its response: found to its end, and otherwise read by nobody here. */
import type { Duplex } from 'node:stream'
import type { HeaderBlocks } from '../../capture/decoders/header-block.ts'
import { Http1ResponseDecoder, type ResponseHandler, type ResponseHead } from '../../capture/decoders/http1.ts'
import { Boundaries } from '../boundaries.ts'
import { longestHead } from '../origin-link.ts'
import type { OutgoingRequest } from '../surface.ts'
import { http1Request } from './http1-request.ts'
import type { RequestBody } from './request-body.ts'
import { withinReason } from './within-reason.ts'
import { written } from './written.ts'

export interface Speaking {
  stream: Duplex
  request: OutgoingRequest
  body: RequestBody
  blocks: HeaderBlocks
}

/** Resolves when nothing more is to be said or heard: the response is whole, or the connection has ended. */
export async function speakHttp1({ stream, request, body, blocks }: Speaking): Promise<void> {
  const heard = new Promise<void>((resolve) => {
    const decoder = new Http1ResponseDecoder(new ResponseEnd(request.method, resolve), { blocks, maxHead: longestHead })
    stream.on('data', (chunk: Buffer) => decoder.push(chunk, 0))
    stream.on('error', () => resolve())
    stream.once('end', () => resolve())
    stream.once('close', () => resolve())
  })
  const said = written(stream, http1Request(request, body), heard)
  await Promise.race([heard, said.then(() => heard)])
  await withinReason(said)
}

class ResponseEnd extends Boundaries<ResponseHead> implements ResponseHandler {
  #method: string
  #whole: () => void

  constructor(method: string, whole: () => void) {
    super()
    this.#method = method
    this.#whole = whole
  }

  requestMethod(): string {
    return this.#method
  }
  /** After 101 the connection speaks another protocol, in which weir has nothing to say. */
  override onHead({ status }: ResponseHead): void {
    if (status === 101) this.#whole()
  }
  override onEnd(): void {
    this.#whole()
  }
  override onViolation(): void {
    // Its end cannot be told: it is read until the connection ends.
  }
  onInformational(): void {
    // The response is still to come.
  }
}
