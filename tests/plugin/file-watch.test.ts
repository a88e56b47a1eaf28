import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { FileWatch } from '../../daemon/plugin/file-watch.ts'
import { temporaryHome } from '../support/home.ts'

async function watching() {
  const folder = await temporaryHome()
  const told: string[][] = []
  const watch = new FileWatch(async (paths) => void told.push([...paths].map((path) => path.slice(folder.length + 1)).sort()))
  onTestFinished(() => watch.close())
  const path = (name: string) => join(folder, name)
  const until = (name: string) => vi.waitFor(() => expect(told.flat()).toContain(name))
  return { watch, told, path, until, write: (name: string, text: string) => writeFileSync(path(name), text) }
}

test('what is written, replaced, made or removed is told; what nobody watches is not', async () => {
  const { watch, told, path, until, write } = await watching()
  for (const name of ['written', 'replaced', 'removed', 'other']) write(name, 'before')
  mkdirSync(path('folder'))
  const names = ['written', 'replaced', 'removed', 'made', 'folder']
  watch.watch({}, names.map(path))
  write('written', 'after it')
  write('beside', 'after it')
  renameSync(path('beside'), path('replaced'))
  rmSync(path('removed'))
  write('made', '')
  write('folder/inside', '')
  write('other', 'after it')
  for (const name of names) await until(name)
  expect(new Set(told.flat())).toEqual(new Set(names))
})

test('an owner names all that it watches anew; a file is watched while any owner does', async () => {
  const { watch, told, path, until, write } = await watching()
  const [one, other] = [{}, {}]
  watch.watch(one, ['a', 'b'].map(path))
  watch.watch(other, ['b', 'c'].map(path))
  watch.watch(one, [])
  write('a', 'x')
  write('b', 'x')
  await until('b')
  watch.watch(other, [path('d')])
  write('c', 'x')
  write('d', 'x')
  await until('d')
  expect(new Set(told.flat())).toEqual(new Set(['b', 'd']))
})
