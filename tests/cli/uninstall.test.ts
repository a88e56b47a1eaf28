/** `weir uninstall`: what it says, and that nothing is left. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test, vi } from 'vitest'
import { weir } from '../support/command-line.ts'
import { environment } from '../support/daemon.ts'
import { temporaryHome } from '../support/home.ts'
import { toolPath } from '../support/tool.ts'

vi.setConfig({ testTimeout: 180_000 })

const run = promisify(execFile)
const certutil = toolPath('certutil', 'libnss3-tools')

/** Files below a folder, but for those of other programs. */
const filesBelow = async (folder: string): Promise<string[]> =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => !entry.isDirectory())
    .map(({ parentPath, name }) => join(parentPath, name))

/** A user who has used weir: with the folders of the platform, or a WEIR_HOME (and compiled code that is shared with other tests). */
async function user(own?: 'with a WEIR_HOME') {
  const home = await temporaryHome()
  const { NODE_COMPILE_CACHE: cache, ...env } = environment('unused')
  const xdg = Object.fromEntries(Object.keys(env).flatMap((name) => (name.startsWith('XDG_') ? [[name, undefined]] : [])))
  const variables = own ? { WEIR_HOME: join(home, 'own'), NODE_COMPILE_CACHE: cache } : { WEIR_HOME: undefined }
  const say = (...words: string[]) => weir(words, { env: { ...env, ...xdg, HOME: home, ...variables } })
  expect((await say('capture', '--', 'curl', '-sS', 'http://weir/')).code).toBe(0)
  return { home, say }
}

test('nothing is left in the folders of the platform, and no daemon', async () => {
  const { home, say } = await user()
  expect((await filesBelow(home)).length).toBeGreaterThan(5)
  const { pid } = JSON.parse((await say('status', '--json')).stdout) as { pid: number }
  const { code, stdout, stderr } = await say('uninstall', '--yes')
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toMatch(/^stop {6}the daemon \(pid \d+\), which ends every session$/m)
  expect(stdout).toContain(`remove    ${join(home, '.local/share/weir')} (`)
  expect(await filesBelow(home)).toEqual([])
  expect((await readdir(home, { recursive: true })).filter((path) => path.includes('weir'))).toEqual([])
  expect(() => process.kill(pid, 0)).toThrow()
  expect(await say('uninstall', '--yes')).toMatchObject({
    code: 0,
    stdout: `there is nothing of weir in ${join(home, '.local/share/weir')}\n`,
  })
})

test('nothing is left of a WEIR_HOME, whose daemon was killed', async () => {
  const { home, say } = await user('with a WEIR_HOME')
  const { pid } = JSON.parse((await say('status', '--json')).stdout) as { pid: number }
  process.kill(pid, 'SIGKILL')
  expect((await say('uninstall', '--yes')).code).toBe(0)
  expect(existsSync(join(home, 'own'))).toBe(false)
  expect(await filesBelow(home)).toEqual([])
})

test('it asks first: without a yes it only says what it would do', async () => {
  const { home, say } = await user('with a WEIR_HOME')
  const before = (await filesBelow(home)).filter((file) => !file.includes('/cache/'))
  expect(await say('uninstall')).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') })
  expect(await say('uninstall', '--dry-run')).toMatchObject({ code: 0, stdout: expect.stringContaining('remove    ') })
  expect(await filesBelow(home)).toEqual(expect.arrayContaining(before))
  expect((await say('uninstall', '--yes')).code).toBe(0)
})

test('what is none of weir’s stays, and is named', async () => {
  const { home, say } = await user('with a WEIR_HOME')
  const mine = join(home, 'own/letters.txt')
  await writeFile(mine, 'mine')
  const { code, stderr } = await say('uninstall', '--yes')
  expect({ code, stderr }).toEqual({ code: 0, stderr: `weir: ${mine} is none of weir's, and was left\n` })
  expect(await filesBelow(home)).toEqual([mine])
})

test('plugins that somebody wrote and keeps in the home stay, without what weir kept for plugins', async () => {
  const { home, say } = await user('with a WEIR_HOME')
  const folder = join(home, 'own/plugins')
  const [module, packaged] = [join(folder, 'urls.mjs'), join(folder, 'mine/package.json')]
  await mkdir(join(folder, 'mine'), { recursive: true })
  await mkdir(join(folder, 'sqlite'), { recursive: true })
  for (const file of [module, packaged, join(folder, 'sqlite/data')]) await writeFile(file, '{}')
  const { code, stderr } = await say('uninstall', '--yes')
  expect(code).toBe(0)
  expect(stderr).toContain(`${module} is none of weir's, and was left`)
  expect((await filesBelow(home)).sort()).toEqual([packaged, module].sort())
})

test.skipIf(certutil === null)('the certificate goes out of the stores where weir put it', async () => {
  const { home, say } = await user()
  const database = join(home, '.pki/nssdb')
  await mkdir(database, { recursive: true })
  await run('certutil', ['-d', `sql:${database}`, '-N', '--empty-password'])
  expect((await say('ca', 'install', '--store', 'nss', '--yes')).code).toBe(0)
  const listed = async () => (await run('certutil', ['-d', `sql:${database}`, '-L'])).stdout
  expect(await listed()).toContain('weir-')
  const { code, stdout } = await say('uninstall', '--yes')
  expect(code).toBe(0)
  expect(stdout).toMatch(/^run {7}certutil .*-D/m)
  expect(await listed()).not.toContain('weir-')
  expect((await filesBelow(home)).filter((file) => !file.startsWith(database))).toEqual([])
})
