/** The file that is imported, read once from its beginning to its end. */
import type { Stats } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { notFound, unavailable } from '../../sdk/errors.ts'

const headBytes = 64 * 1024
const pieceBytes = 256 * 1024
const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf])

export class SourceFile {
  /** Bytes. */
  readonly size: number
  /** Unix ms. */
  readonly savedAt: number
  /** Its first 64 KiB, without a byte order mark. */
  readonly head: Buffer
  /** Bytes handed out so far. */
  position: number
  readonly #path: string
  readonly #handle: FileHandle

  private constructor(path: string, handle: FileHandle, { size, mtimeMs }: Stats, start: Buffer) {
    const marked = start.subarray(0, 3).equals(byteOrderMark)
    this.#path = path
    this.#handle = handle
    this.size = size
    this.savedAt = mtimeMs
    this.head = marked ? start.subarray(3) : start
    this.position = marked ? 3 : 0
  }

  /** @throws 1001 fileNotFound, 1005 fileNotReadable */
  static async open(path: string): Promise<SourceFile> {
    try {
      // Not opened before that is known: a pipe would be waited for.
      const info = await stat(path)
      if (info.isDirectory()) throw unavailable('fileNotReadable', `${path} is a folder: name a file`)
      if (!info.isFile()) throw unavailable('fileNotReadable', `${path} is not a regular file: write what it gives into one, and name that`)
      const handle = await open(path, 'r')
      try {
        const { buffer, bytesRead } = await handle.read(Buffer.alloc(headBytes), 0, headBytes, 0)
        return new SourceFile(path, handle, info, buffer.subarray(0, bytesRead))
      } catch (error) {
        await handle.close()
        throw error
      }
    } catch (error) {
      throw notReadable(path, error)
    }
  }

  /** From where the last piece ended; each piece is a buffer of its own. */
  async *pieces(): AsyncGenerator<Buffer> {
    for (;;) {
      const { buffer, bytesRead } = await this.#handle
        .read(Buffer.allocUnsafeSlow(pieceBytes), 0, pieceBytes, this.position)
        .catch((error: unknown) => {
          throw notReadable(this.#path, error)
        })
      if (bytesRead === 0) return
      this.position += bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  }

  async close(): Promise<void> {
    await this.#handle.close()
  }
}

function notReadable(path: string, error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (typeof code !== 'string') return error
  if (code === 'ENOENT') return notFound('fileNotFound', `there is no file ${path}`)
  const what = code === 'EACCES' || code === 'EPERM' ? ': whoever runs weir may not read it, or a folder above it' : ''
  return unavailable('fileNotReadable', `${path} cannot be read (${code})${what}`)
}
