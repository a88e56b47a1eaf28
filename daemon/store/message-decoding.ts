/** What is inside of the messages of an exchange: of a gRPC call, protobuf. */
import { type MediaType, MediaTypes } from '../../sdk/media-type.ts'
import type { DecodedMessage, Exchange, Message } from '../../sdk/model.ts'
import { contentType } from './body-text.ts'
import { decodeProtobuf } from './protobuf/decode.ts'
import type { ProtoFiles } from './protobuf/proto-files.ts'

/** null: there is nothing to decode. Never throws. */
export type DecodeMessage = (direction: Message['direction'], bytes: Buffer) => DecodedMessage | null

/** `application/grpc`, `-web` and `-web-text`, whose messages are protobuf where they do not say otherwise. */
const grpc = /^application\/grpc(-web(-text)?)?(\+proto)?$/

export class MessageDecoding {
  readonly #paths: readonly string[]
  readonly #types = new MediaTypes()
  #files: ProtoFiles | null = null

  /** @param paths the user's .proto files and folders, absolute */
  constructor(paths: readonly string[]) {
    this.#paths = paths
  }

  /** Reads the user's files, once. */
  async ready(): Promise<void> {
    if (this.#files !== null || this.#paths.length === 0) return
    // The library behind it is loaded only where somebody has such files.
    const { ProtoFiles } = await import('./protobuf/proto-files.ts')
    this.#files ??= new ProtoFiles(this.#paths)
  }

  /** Of the user's files: one line each, for people. */
  get problems(): readonly string[] {
    return this.#files?.problems ?? []
  }

  of({ request, response }: Exchange): DecodeMessage {
    const sent = this.#isProtobuf(request.headers)
    const received = response === null ? sent : this.#isProtobuf(response.headers)
    const method = this.#files?.method(URL.parse(request.url)?.pathname ?? '') ?? null
    return (direction, bytes) => {
      if (!(direction === 'sent' ? sent : received)) return null
      return decodeProtobuf(bytes, (direction === 'sent' ? method?.request : method?.response) ?? null)
    }
  }

  #isProtobuf(headers: Exchange['request']['headers']): boolean {
    const { essence }: MediaType = this.#types.parse(contentType(headers))
    return grpc.test(essence)
  }
}
