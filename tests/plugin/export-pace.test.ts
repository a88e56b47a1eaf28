import { expect, test } from 'vitest'
import { ExportPace } from '../../daemon/plugin/export-pace.ts'

test('an export rests between pages while captures are crowded, and only then', async () => {
  const rests: number[] = []
  const pace = new ExportPace(new AbortController().signal, async (ms) => void rests.push(ms))
  await pace.turn()
  expect(rests).toEqual([])
  pace.crowded = true
  await pace.turn()
  expect(rests).toHaveLength(1)
  expect(rests[0]).toBeGreaterThan(0)
  pace.crowded = false
  await pace.turn()
  expect(rests).toHaveLength(1)
})

test('who is aborted rests no more', async () => {
  const abort = new AbortController()
  const pace = new ExportPace(abort.signal, () => new Promise((_, reject) => abort.signal.addEventListener('abort', reject)))
  pace.crowded = true
  const resting = pace.turn()
  abort.abort()
  await resting
  await pace.turn()
})
