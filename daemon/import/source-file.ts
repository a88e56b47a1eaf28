/** The file that is imported, read once from its beginning to its end. */
import type { Stats } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
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
  readonly #handle: FileHandle

  private constructor(handle: FileHandle, { size, mtimeMs }: Stats, start: Buffer) {
    const marked = start.subarray(0, 3).equals(byteOrderMark)
    this.#handle = handle
    this.size = size
    this.savedAt = mtimeMs
    this.head = marked ? start.subarray(3) : start
    this.position = marked ? 3 : 0
  }

  /** @throws 1001 fileNotFound, 1005 fileNotReadable */
  static async open(path: string): Promise<SourceFile> {
    const handle = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') throw notFound('fileNotFound', `there is no file ${path}`)
      throw unavailable('fileNotReadable', `${path} cannot be read (${error.code ?? 'unknown error'})`)
    })
    try {
      const info = await handle.stat()
      if (!info.isFile()) throw unavailable('fileNotReadable', `${path} is ${info.isDirectory() ? 'a folder' : 'not a regular file'}`)
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(headBytes), 0, headBytes, 0)
      return new SourceFile(handle, info, buffer.subarray(0, bytesRead))
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  /** From where the last piece ended; each piece is a buffer of its own. */
  async *pieces(): AsyncGenerator<Buffer> {
    for (;;) {
      const { buffer, bytesRead } = await this.#handle.read(Buffer.allocUnsafeSlow(pieceBytes), 0, pieceBytes, this.position)
      if (bytesRead === 0) return
      this.position += bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  }

  async close(): Promise<void> {
    await this.#handle.close()
  }
}
