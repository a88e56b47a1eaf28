/**
 * The first use of memory that a virtual machine has never used is its host's to pay for, and slow: a file of 1 GB was written here at 0.4 GB/s
 * into such memory and at 3.7 GB/s into memory used before. A program that fills files (and so the kernel's cache) would pay for that, one that
 * records nothing would not.
 */
import { closeSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { freemem } from 'node:os'
import { join } from 'node:path'

const inMemory = '/dev/shm'
const block = Buffer.alloc(16 * 1024 * 1024, 1)

/** Uses most of the free memory once and gives it back; resolves to the bytes touched, 0 where there is no memory file system. */
export function touchMemory(): number {
  const file = join(inMemory, `touched-${process.pid}`)
  let touched = 0
  try {
    const { bavail, bsize } = statfsSync(inMemory)
    const most = Math.min(freemem() * 0.8, bavail * bsize * 0.9)
    const handle = openSync(file, 'w')
    try {
      // Without a name from here on: a kill gives it back, too.
      rmSync(file, { force: true })
      while (touched + block.length < most) touched += writeSync(handle, block)
    } finally {
      closeSync(handle)
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT' && code !== 'EACCES' && code !== 'ENOSPC') throw error
  }
  return touched
}
