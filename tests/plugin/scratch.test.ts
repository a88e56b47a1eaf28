import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { Scratch } from '../../daemon/plugin/scratch.ts'
import { temporaryHome } from '../support/home.ts'

it('what a killed daemon left goes once; folders of runs side by side stay', async () => {
  const root = join(await temporaryHome(), 'scratch')
  mkdirSync(join(root, 'run-old'), { recursive: true })
  const scratch = new Scratch(root)
  const [one, two] = await Promise.all([scratch.make(), scratch.make()])
  expect([join(root, 'run-old'), one, two].map((folder) => existsSync(folder))).toEqual([false, true, true])
  expect(statSync(one).mode & 0o777).toBe(0o700)
})

it('one bad moment is the failure of one run: the next tries again', async () => {
  const inTheWay = join(await temporaryHome(), 'plugins')
  writeFileSync(inTheWay, '')
  const scratch = new Scratch(join(inTheWay, 'scratch'))
  await expect(scratch.make()).rejects.toMatchObject({
    code: 1005,
    reason: 'scratchNotWritable',
    message: expect.stringContaining('ENOTDIR'),
  })
  rmSync(inTheWay)
  expect(existsSync(await scratch.make())).toBe(true)
})
