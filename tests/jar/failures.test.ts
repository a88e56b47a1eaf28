/** Jars when the disk is full, and when their thread dies. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { JarKeeper } from '../../daemon/jar/jar-keeper.ts'
import { Jars } from '../../daemon/jar/jars.ts'
import { temporaryHome } from '../support/home.ts'
import { canMount, smallDisk } from '../support/small-disk.ts'

const url = 'https://www.shop.example/'
const full = expect.objectContaining({ code: 1005, reason: 'diskFull', message: expect.stringContaining('the jar is as it was') })

describe.skipIf(!canMount)('on a full disk (needs root, for a file system of its own)', () => {
  async function stage() {
    const disk = await smallDisk(2)
    const clock = { now: Date.UTC(2026, 0, 1) }
    const open = () => {
      const keeper = new JarKeeper({ now: () => clock.now })
      onTestFinished(() => keeper.close())
      const surface = keeper.surface()
      surface.open({ home: disk.folder })
      return Object.assign(surface, { close: () => keeper.close() })
    }
    const jars = open()
    jars.take({ jar: 'work', response: { url }, setCookie: ['sid=1', 'brief=1; Max-Age=5'] })
    /** Until what the file has room for is used up. */
    const fill = () => {
      jars.take({ jar: 'filler', response: { url }, setCookie: ['first=1'] })
      disk.fill()
      for (let n = 0; n < 1000; n++) jars.take({ jar: 'filler', response: { url }, setCookie: [`n${n}=${'x'.repeat(4000)}`] })
    }
    return { disk, clock, jars, open, fill }
  }
  const names = (jars: ReturnType<JarKeeper['surface']>, jar = 'work') => jars.get({ jar }).map(({ name, value }) => `${name}=${value}`)

  test('a change is refused and the jar is as it was; with room it goes on', async () => {
    const { disk, jars, open, fill } = await stage()
    expect(fill).toThrow(full)
    const large = `more=${'x'.repeat(4000)}`
    expect(() => jars.take({ jar: 'work', response: { url }, setCookie: ['sid=2', large] })).toThrow(full)
    expect(() => jars.get({ jar: 'new' })).toThrow(full)
    expect(() => jars.import({ jar: 'work', source: { text: large }, format: 'set-cookie', url, keepGood: false })).toThrow(full)
    expect(names(jars)).toEqual(['sid=1', 'brief=1'])
    expect(jars.cookieField({ jar: 'work', request: { url } })).toBe('sid=1; brief=1')
    disk.clear()
    jars.take({ jar: 'work', response: { url }, setCookie: ['sid=2', large] })
    jars.close()
    expect(names(open())).toEqual(['sid=2', 'brief=1', large])
  })

  test('what is there can be read and deleted, also what has expired meanwhile', async () => {
    const { disk, clock, jars, open, fill } = await stage()
    expect(fill).toThrow(full)
    jars.close()
    clock.now += 10_000
    const again = open()
    expect(names(again)).toEqual(['sid=1'])
    expect(again.cookieField({ jar: 'work', request: { url } })).toBe('sid=1')
    expect(again.list({}).map(({ name }) => name)).toEqual(['filler', 'work'])
    expect(again.delete({ jar: 'filler' })).toBeGreaterThan(0)
    again.take({ jar: 'work', response: { url }, setCookie: ['sid=2'] })
    expect(names(again)).toEqual(['sid=2'])
    disk.clear()
    again.close()
    expect(names(open())).toEqual(['sid=2'])
  })
})

describe('when the thread dies', () => {
  async function crashing() {
    const home = await temporaryHome()
    const sessions = join(home, 'sessions')
    mkdirSync(sessions)
    const faults: string[] = []
    const threadEntry = new URL('../support/crashing-jar.ts', import.meta.url)
    const jars = new Jars({ home, sessions, threadEntry, fault: (message) => faults.push(message) })
    onTestFinished(() => jars.stop())
    const take = (...setCookie: string[]) => jars.take('work', { url }, setCookie)
    const held = async () => (await jars.get({ jar: 'work' })).items.map(({ name, value }) => `${name}=${value}`)
    return { jars, faults, take, held }
  }
  const lost = { code: 1005, reason: 'threadLost', message: expect.stringContaining('try again') }

  test('amid a change, who asked is told, the next call finds another thread, and the jar holds all of it or nothing', async () => {
    const { faults, take, held } = await crashing()
    await take('sid=1')
    await expect(take('sid=2', 'die=before')).rejects.toMatchObject(lost)
    expect(await held()).toEqual(['sid=1'])
    await expect(take('sid=3', 'die=after')).rejects.toMatchObject(lost)
    expect(await held()).toEqual(['sid=3', 'die=after'])
    await take('sid=4')
    expect(await held()).toEqual(['sid=4', 'die=after'])
    expect(faults).toHaveLength(2)
  })

  test('calls that wait behind it are told, too, and none hangs', async () => {
    const { jars, take, held } = await crashing()
    await take('sid=1')
    const outcomes = await Promise.allSettled([take('die=before'), take('sid=2'), jars.cookieField('work', { url }), jars.list()])
    for (const outcome of outcomes) expect(outcome).toMatchObject({ status: 'rejected', reason: lost })
    expect(await held()).toEqual(['sid=1'])
  })
})
