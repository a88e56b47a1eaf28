import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { ThreadSupervisor } from '../../daemon/thread/supervisor.ts'

type Answers = { echo(params: { text: string }): string }

/** A thread of this source; `prepared` counts the starts; the first preparations fail as told. */
function supervise(source: string, failing: Error[] = []) {
  const folder = mkdtempSync(join(tmpdir(), 'weir-'))
  const file = join(folder, 'thread.mjs')
  writeFileSync(file, source)
  const faults: string[] = []
  const prepared: boolean[] = []
  const supervisor = new ThreadSupervisor<Answers>({
    name: 'test',
    entry: pathToFileURL(file),
    surface: {},
    prepare: async (link, isRestart) => {
      await link.call('echo', { text: 'prepare' })
      const failure = failing.shift()
      if (failure) throw failure
      prepared.push(isRestart)
    },
    fault: (message) => faults.push(message),
  })
  onTestFinished(async () => {
    await supervisor.stop()
    rmSync(folder, { recursive: true })
  })
  return { supervisor, faults, prepared }
}

const answering = `
  import { parentPort } from 'node:worker_threads'
  parentPort.on('message', ({ call, params }) => {
    if (params.text === 'die') throw new Error('died')
    parentPort.postMessage({ answer: call, result: params.text })
  })`

describe('a supervised thread', () => {
  it('starts with the first call', async () => {
    const { supervisor, prepared } = supervise(answering)
    expect(supervisor.current).toBeNull()
    expect(await Promise.all([supervisor.call('echo', { text: 'a' }), supervisor.call('echo', { text: 'b' })])).toEqual(['a', 'b'])
    expect(prepared).toEqual([false])
  })

  it('that dies fails the calls in flight and is replaced, prepared anew', async () => {
    const { supervisor, faults, prepared } = supervise(answering)
    await supervisor.start()
    await expect(supervisor.call('echo', { text: 'die' })).rejects.toMatchObject({ code: 1005, reason: 'threadLost' })
    expect(await supervisor.call('echo', { text: 'again' })).toBe('again')
    expect([supervisor.restarts, prepared]).toEqual([1, [false, true]])
    expect(faults).toEqual([expect.stringContaining('starting another')])
  })

  it('that cannot live is tried again and again, and nobody waits for it for ever', async () => {
    const { supervisor } = supervise(`throw new Error('born dead')`)
    await expect(supervisor.call('echo', { text: 'a' })).rejects.toMatchObject({ code: 1005, reason: 'threadFailing' })
    await expect(supervisor.call('echo', { text: 'a' })).rejects.toMatchObject({ code: 1005, reason: 'threadFailing' })
    const restarts = supervisor.restarts
    await vi.waitFor(() => expect(supervisor.restarts).toBeGreaterThan(restarts))
  })

  it('that cannot be prepared fails the call, and the next call tries another', async () => {
    const { supervisor, prepared } = supervise(answering, [new Error('no room for the catalogue')])
    await expect(supervisor.call('echo', { text: 'a' })).rejects.toThrow('no room for the catalogue')
    expect(supervisor.isPrepared).toBe(false)
    expect(await supervisor.call('echo', { text: 'b' })).toBe('b')
    expect([supervisor.restarts, prepared]).toEqual([0, [false]])
  })

  it('that is stopped is not replaced, and refuses calls', async () => {
    const { supervisor } = supervise(answering)
    await supervisor.start()
    await supervisor.stop()
    await expect(supervisor.call('echo', { text: 'a' })).rejects.toMatchObject({ reason: 'daemonStopping' })
    expect(supervisor.restarts).toBe(0)
  })
})
