/** A named pipe that a browser writes into: read at once, always, for a browser must not wait for it. */
import { execFile } from 'node:child_process'
import { constants, open } from 'node:fs'
import { rm } from 'node:fs/promises'
import { Socket } from 'node:net'
import { promisify } from 'node:util'

export interface Fifo {
  path: string
  /** When nobody writes any more. Resolves when all is read. */
  close(): Promise<void>
}

/** No browser writes it into its log. */
const endMark = 0

/** Rejects where there are none. @param path one that is left there is replaced */
export async function openFifo(path: string, read: (chunk: Buffer) => void): Promise<Fifo> {
  await rm(path, { force: true })
  await promisify(execFile)('mkfifo', ['-m', '600', path])
  // As one that may write, too, it waits for nobody to open it, and writes its end itself.
  const fd = await promisify(open)(path, constants.O_RDWR | constants.O_NONBLOCK)
  const socket = new Socket({ fd, readable: true, writable: true })
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk) => {
    read(chunk)
    if (chunk.includes(endMark)) socket.destroy()
  })
  return {
    path,
    async close() {
      if (!socket.destroyed) socket.write(Buffer.of(endMark))
      await closed
      await rm(path, { force: true })
    },
  }
}
