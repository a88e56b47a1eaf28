import { expect, onTestFinished, test, vi } from 'vitest'
import { LookUp } from '../../daemon/client-process/look-up.ts'
import type { Answer, Asked } from '../../daemon/client-process/surface.ts'
import type { ClientProcess } from '../../sdk/model.ts'

const asked = (id: number): Asked => ({ id, client: { address: '127.0.0.1', port: id }, proxy: { address: '127.0.0.1', port: 1 } })
const curl = { pid: 5, name: 'curl', path: '/usr/bin/curl' }

test('what comes during a look is answered by the next one, all of it', async () => {
  const looks: number[][] = []
  const answers: Answer[] = []
  const first = Promise.withResolvers<Map<number, ClientProcess>>()
  const lookUp = new LookUp({
    finder: {
      find: (some) => {
        looks.push(some.map(({ id }) => id))
        return looks.length === 1 ? first.promise : Promise.resolve(new Map())
      },
    },
    answer: (some) => void answers.push(...some),
    fault: (error) => expect.unreachable(String(error)),
  })
  lookUp.ask([asked(1)])
  lookUp.ask([asked(2)])
  lookUp.ask([asked(3), asked(4)])
  first.resolve(new Map([[1, curl]]))
  await vi.waitFor(() => expect(answers).toHaveLength(4))
  expect(looks).toEqual([[1], [2, 3, 4]])
  expect(answers).toEqual([{ id: 1, process: curl }, ...[2, 3, 4].map((id) => ({ id, process: null }))])
})

test('a look that fails is told and answered: nobody waits in vain', async () => {
  const answers: Answer[] = []
  const faults: unknown[] = []
  const lookUp = new LookUp({
    finder: { find: () => Promise.reject(new Error('no lsof')) },
    answer: (some) => void answers.push(...some),
    fault: (error) => void faults.push(error),
  })
  lookUp.ask([asked(1)])
  await vi.waitFor(() => expect(answers).toEqual([{ id: 1, process: null }]))
  expect(faults).toEqual([new Error('no lsof')])
  lookUp.ask([asked(2)])
  await vi.waitFor(() => expect(answers).toHaveLength(2))
})

test('a flood of connections takes a twentieth of the time in the long run, and who comes after it is looked up at once', async () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const lookMs = 40
  let looks = 0
  const find = async () => {
    looks++
    await new Promise((resolve) => setTimeout(resolve, lookMs))
    return new Map()
  }
  const answers: Answer[] = []
  const lookUp = new LookUp({ finder: { find }, answer: (some) => void answers.push(...some), fault: () => expect.unreachable() })
  const connections = 2_000
  for (let id = 0; id < connections; id++) {
    lookUp.ask([asked(id)])
    await vi.advanceTimersByTimeAsync(10)
  }
  const spentMs = looks * lookMs
  expect(spentMs).toBeGreaterThan(300)
  expect(spentMs).toBeLessThan(300 + (connections * 10) / 20 + 2 * lookMs)
  await vi.advanceTimersByTimeAsync(5_000)
  expect(answers).toHaveLength(connections)
  for (let id = 0; id < 3; id++) {
    const before = looks
    lookUp.ask([asked(id)])
    expect(looks).toBe(before + 1)
    await vi.advanceTimersByTimeAsync(500)
  }
})
