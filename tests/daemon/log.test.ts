import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openLog } from '../../daemon/log.ts'
import { temporaryHome } from '../support/home.ts'

const mebibyte = 1024 * 1024
const filling = 'x'.repeat(64 * 1024)
const lines = (file: string): { msg: string; n?: number }[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { msg: string })

describe('the log', () => {
  it('never takes more than twice its bound, and keeps the newest lines in their order', async () => {
    const folder = await temporaryHome()
    const file = join(folder, 'weir.log')
    const log = openLog(file, 'info')
    const count = 600
    for (let n = 0; n < count; n++) log.write('info', 'a line', { n, filling })
    expect(readdirSync(folder).sort()).toEqual(['weir.log', 'weir.log.1'])
    for (const name of ['weir.log', 'weir.log.1']) {
      const { size, mode } = statSync(join(folder, name))
      expect(size).toBeLessThan(10 * mebibyte + 70 * 1024)
      expect(mode & 0o777).toBe(0o600)
    }
    const kept = [...lines(`${file}.1`), ...lines(file)].map(({ n }) => n ?? -1)
    expect(kept.length).toBeGreaterThan(150)
    expect(kept).toEqual(Array.from({ length: kept.length }, (_, index) => count - kept.length + index))
  })

  it('goes on in the file that is there', async () => {
    const file = join(await temporaryHome(), 'weir.log')
    openLog(file, 'info').write('info', 'first')
    openLog(file, 'info').write('info', 'second')
    expect(lines(file).map(({ msg }) => msg)).toEqual(['first', 'second'])
  })

  it('that cannot be turned over loses nothing, and says so', async () => {
    const folder = await temporaryHome()
    const file = join(folder, 'weir.log')
    // No file can take the name of a folder that is not empty.
    mkdirSync(join(folder, 'weir.log.1', 'full'), { recursive: true })
    const log = openLog(file, 'info')
    for (let n = 0; n < 200; n++) log.write('info', 'a line', { n, filling })
    rmSync(join(folder, 'weir.log.1'), { recursive: true })
    const all = lines(file)
    expect(all.filter(({ n }) => n !== undefined)).toHaveLength(200)
    expect(all.filter(({ msg }) => /^the log could not be written in full: E/.test(msg))).toMatchObject([{ lost: 0 }])
  })
})
