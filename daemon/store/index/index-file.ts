/**
 * The index beside a session file (`<id>.idx`): a cache that may be deleted at any time and is made again. Blocks are only ever
 * appended: u32 magic, u32 kind, u32 length of the JSON that describes it, u32 length of the data, JSON, data; little-endian. The magic is written when the rest
 * is on the disk, so a block that has one is whole, whatever happened; what comes after the last such block is written over.
 */
import { closeSync, constants, fdatasyncSync, fstatSync, openSync, readSync, writeSync } from 'node:fs'

const magic = 0x78696577
const headBytes = 16
/** Of what blocks hold; those of other versions are passed over. */
const version = 1

export interface IndexBlock<About> {
  kind: number
  about: About
  /** Of the data, in the file. */
  offset: number
  length: number
}

export class IndexFile {
  readonly #file: number
  readonly #blocks: IndexBlock<{ version: number }>[] = []
  #end = 0

  /** Opened for writing it is made when it is missing, 0600. Throws the system's error. */
  static open(path: string, mode: 'read' | 'write'): IndexFile {
    const flags = mode === 'read' ? constants.O_RDONLY : constants.O_RDWR | constants.O_CREAT
    return new IndexFile(openSync(path, flags, 0o600))
  }

  private constructor(file: number) {
    this.#file = file
    this.refresh()
  }

  /** Takes in what was appended since. */
  refresh(): void {
    const { size } = fstatSync(this.#file)
    for (let block = this.#blockAt(this.#end, size); block !== null; block = this.#blockAt(this.#end, size)) {
      if (block.about.version === version) this.#blocks.push(block)
      this.#end = block.offset + block.length
    }
  }

  blocks<About>(kind: number): IndexBlock<About>[] {
    return this.#blocks.filter((block) => block.kind === kind) as unknown as IndexBlock<About>[]
  }

  append(kind: number, about: object, data: Buffer): void {
    const text = Buffer.from(JSON.stringify({ version, ...about }))
    const head = Buffer.alloc(headBytes)
    head.writeUInt32LE(kind, 4)
    head.writeUInt32LE(text.length, 8)
    head.writeUInt32LE(data.length, 12)
    this.#write(Buffer.concat([head, text, data]), this.#end)
    fdatasyncSync(this.#file)
    head.writeUInt32LE(magic, 0)
    this.#write(head.subarray(0, 4), this.#end)
    this.refresh()
  }

  /** @param offset in the file */
  read(offset: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length)
    for (let at = 0; at < length; ) {
      const got = readSync(this.#file, bytes, at, length - at, offset + at)
      if (got === 0) throw new RangeError('the index file is shorter than it says')
      at += got
    }
    return bytes
  }

  close(): void {
    closeSync(this.#file)
  }

  #write(bytes: Buffer, position: number): void {
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at, bytes.length - at, position + at)
  }

  #blockAt(start: number, size: number): IndexBlock<{ version: number }> | null {
    if (start + headBytes > size) return null
    const head = this.read(start, headBytes)
    const aboutLength = head.readUInt32LE(8)
    const length = head.readUInt32LE(12)
    const offset = start + headBytes + aboutLength
    if (head.readUInt32LE(0) !== magic || offset + length > size) return null
    const about = JSON.parse(this.read(start + headBytes, aboutLength).toString()) as { version: number }
    return { kind: head.readUInt32LE(4), about, offset, length }
  }
}
