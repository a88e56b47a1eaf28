/** All that can be read in some bytes: as they are, unescaped, out of base64 and unpacked, one in another. Thorough, not quick. */
import { constants, gunzipSync, inflateRawSync, zstdDecompressSync } from 'node:zlib'

const mostNesting = 5
const zstdStart = Buffer.from([0x28, 0xb5, 0x2f, 0xfd])

/** Latin-1 strings of bytes. */
export function unfolded(bytes: Buffer): string[] {
  const views = new Set<string>()
  const add = (some: Buffer, nesting: number): void => {
    const view = some.toString('latin1')
    if (nesting > mostNesting || views.has(view)) return
    views.add(view)
    for (const inner of [...unescaped(view), ...outOfBase64(view), ...unpacked(some)]) add(inner, nesting + 1)
  }
  add(bytes, 0)
  return [...views]
}

function unescaped(view: string): Buffer[] {
  const json = view.replace(/\\u([0-9a-f]{4})/gi, (_, code: string) =>
    Buffer.from(String.fromCharCode(parseInt(code, 16))).toString('latin1'),
  )
  // In forms and queries a + is a space before anything is decoded.
  const form = percentDecoded(view.replaceAll('+', ' '))
  return [json.replace(/\\([\\/"])/g, '$1'), percentDecoded(view), form].map((text) => Buffer.from(text, 'latin1'))
}

const percentDecoded = (text: string): string =>
  text.replace(/%([0-9a-f]{2})/gi, (_, code: string) => String.fromCharCode(parseInt(code, 16)))

/** From each of the places at which a group of four may begin. */
const outOfBase64 = (view: string): Buffer[] =>
  Array.from(view.matchAll(/[A-Za-z0-9+/_-]{16,}/g), ([run]) => [0, 1, 2, 3].map((at) => Buffer.from(run.slice(at), 'base64'))).flat()

function unpacked(bytes: Buffer): Buffer[] {
  const found: Buffer[] = []
  const attempt = (unpack: () => Buffer) => {
    try {
      found.push(unpack())
    } catch {
      // Most of what begins alike is none.
    }
  }
  for (let at = bytes.indexOf(0x1f); at >= 0; at = bytes.indexOf(0x1f, at + 1)) {
    if (bytes[at + 1] !== 0x8b) continue
    attempt(() => gunzipSync(bytes.subarray(at), { finishFlush: constants.Z_SYNC_FLUSH }))
    attempt(() => inflateRawSync(bytes.subarray(at + 10), { finishFlush: constants.Z_SYNC_FLUSH }))
  }
  for (let at = bytes.indexOf(zstdStart); at >= 0; at = bytes.indexOf(zstdStart, at + 1))
    attempt(() => zstdDecompressSync(bytes.subarray(at)))
  return found
}
