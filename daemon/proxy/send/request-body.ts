/** The body of a request that weir sends: fetched while it is sent, so that it may be of any size. */

/** Its pieces, from the beginning. Rejects when it cannot be read. */
export type RequestBody = () => AsyncIterable<Buffer>

/** @param read the bytes from an offset on, some of them at least */
export function requestBody(size: number, read: (offset: number) => Promise<Uint8Array>): RequestBody {
  return async function* () {
    for (let offset = 0; offset < size; ) {
      const { buffer, byteOffset, byteLength } = await read(offset)
      yield Buffer.from(buffer, byteOffset, byteLength)
      offset += byteLength
    }
  }
}
