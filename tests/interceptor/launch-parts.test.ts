/** The parts of a launch that need no browser. */
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { chromiumFlags } from '../../plugins/interceptor/launch/chromium-flags.ts'
import { preferences } from '../../plugins/interceptor/launch/launch-firefox.ts'
import { freshProfile } from '../../plugins/interceptor/launch/profile.ts'
import type { Session } from '../../sdk/model.ts'
import { temporaryHome } from '../support/home.ts'

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>()
  const rm: typeof real.rm = (path, options) =>
    String(path).endsWith('-busy') ? Promise.reject(new Error('EBUSY: resource busy')) : real.rm(path, options)
  return { ...real, rm }
})

/** Of no process: pids end far below. */
const noPid = 2 ** 30

it('a profile that cannot be removed hinders no launch, and others that were left are removed', async () => {
  const dataDir = await temporaryHome()
  const fresh = join(dataDir, 'fresh')
  for (const name of [`${noPid}-busy`, `${noPid}-left`, `${process.pid}-used`]) await mkdir(join(fresh, name), { recursive: true })
  const profile = await freshProfile(dataDir)
  const names = [`${noPid}-busy`, `${process.pid}-used`]
  expect((await readdir(fresh)).map((name) => join(fresh, name)).sort()).toEqual(
    [...names.map((name) => join(fresh, name)), profile.path].sort(),
  )
  await profile.dispose()
  expect((await readdir(fresh)).sort()).toEqual(names.sort())
})

it.each([
  ['127.0.0.1', 'http://127.0.0.1:8080', '127.0.0.1'],
  ['0.0.0.0', 'http://127.0.0.1:8080', '127.0.0.1'],
  ['::', 'http://[::1]:8080', '::1'],
  ['fd00::1', 'http://[fd00::1]:8080', 'fd00::1'],
])('a proxy that listens on %s is reached by every browser', (host, chromium, firefox) => {
  const proxy = { host, port: 8080 }
  const run = { session: { proxy } as Session, caKeyHash: 'hash' }
  expect(chromiumFlags({ run, profile: '/p', headless: true, netLog: null, isRoot: false })).toContain(`--proxy-server=${chromium}`)
  expect(preferences(proxy)).toContain(`user_pref("network.proxy.ssl", "${firefox}");`)
})
