import { expect, it, vi } from 'vitest'
import { DiskRoom } from '../../daemon/capture/disk-room.ts'

const mebibyte = 1024 * 1024

function room(held: boolean) {
  const disk = { free: 0 }
  const ballast = { release: vi.fn(() => held), restore: vi.fn(() => true) }
  return { disk, ballast, room: new DiskRoom(ballast, () => disk.free) }
}

it('without a ballast there is none to make, and recording does not rest', () => {
  const { room: empty } = room(false)
  expect(empty.ranOut()).toBe(false)
  expect(empty.isLow()).toBe(false)
})

it('recording rests after the ballast went, until somebody else makes room', () => {
  const { room: full, disk, ballast } = room(true)
  disk.free = 64 * mebibyte
  expect(full.ranOut()).toBe(true)
  expect(full.isLow()).toBe(true)
  disk.free = 50 * mebibyte
  expect(full.isLow()).toBe(true)
  full.restore()
  expect(ballast.restore).not.toHaveBeenCalled()
  disk.free = 54 * mebibyte
  expect(full.isLow()).toBe(false)
  full.restore()
  expect(ballast.restore).toHaveBeenCalledOnce()
})
