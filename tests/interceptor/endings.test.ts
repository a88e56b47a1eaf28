/** However a launched browser ends, it is on record, and nothing of it stays. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { chromiumThatTellsItsPid, headless, openBrowser } from '../support/browser-source.ts'
import { chromiumPath } from '../support/chromium.ts'
import { temporaryHome } from '../support/home.ts'
import { startOrigin } from '../support/origin.ts'
import { startProxy } from '../support/proxy.ts'

const inChromium = test.skipIf(chromiumPath === null)

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

inChromium('a browser that is killed: what was open ends, the source says how', async () => {
  const origin = await startOrigin((_, response) => void response.write('<script>fetch("/never")</script>'), { tls: false })
  const proxy = await startProxy()
  const { path, pid } = await chromiumThatTellsItsPid()
  const opened = await openBrowser({ config: headless({ executable: path, url: `${origin.url}/` }), proxy })
  await vi.waitFor(() => expect(opened.requests(`${origin.url}/never`)).toHaveLength(1))
  process.kill(await pid(), 'SIGKILL')
  expect(await opened.source.ended).toMatch(/^the browser ended by SIGKILL/)
  expect(opened.requests(origin.url).map(({ failure }) => failure?.reason)).toEqual(['notRecorded', 'notRecorded'])
  expect(readdirSync(join(opened.dataDir, 'fresh'))).toEqual([])
  await opened.source.stop()
})

inChromium('a browser does not outlive the process that started it', async () => {
  const { path, pid } = await chromiumThatTellsItsPid()
  const child = fork(join(import.meta.dirname, 'opening-process.ts'), [path, await temporaryHome()])
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child, 'message')
  const browser = await pid()
  expect(isRunning(browser)).toBe(true)
  child.kill('SIGKILL')
  await vi.waitFor(() => expect(isRunning(browser)).toBe(false))
})

inChromium('what a killed process of weir has left goes at the next start', async () => {
  const dataDir = await temporaryHome()
  const proxy = await startProxy()
  const first = await openBrowser({ config: headless(), proxy, dataDir })
  const [own] = readdirSync(join(dataDir, 'fresh'))
  await first.source.stop()
  // No process has that id.
  mkdirSync(join(dataDir, 'fresh', '4194305-left'))
  expect(own).toMatch(new RegExp(`^${process.pid}-`))
  const second = await openBrowser({ config: headless(), proxy, dataDir })
  expect(readdirSync(join(dataDir, 'fresh')).map((name) => name.split('-')[0])).toEqual([String(process.pid)])
  await second.source.stop()
})

test('a program that is no browser, and one that does not start, say so', async () => {
  const folder = await temporaryHome()
  const path = join(folder, 'not-a-browser')
  writeFileSync(path, '#!/bin/sh\necho "what is a browser?" >&2\nexit 3\n')
  const config = { headless: true, executable: path }
  await expect(openBrowser({ config })).rejects.toThrow(`${path} is no program that can be started`)
  await chmod(path, 0o755)
  await expect(openBrowser({ config, dataDir: folder })).rejects.toThrow(
    'it ended as soon as it was started (the browser ended with exit code 3: what is a browser?)',
  )
  expect(readdirSync(join(folder, 'fresh'))).toEqual([])
})

inChromium('a profile that is open in another browser', async () => {
  const dataDir = await temporaryHome()
  const proxy = await startProxy()
  const first = await openBrowser({ config: headless({ profile: 'work' }), proxy, dataDir })
  await expect(openBrowser({ config: headless({ profile: 'work' }), proxy, dataDir })).rejects.toThrow('open in another one')
  await first.source.stop()
  await expect(first.source.ended).resolves.toBe('the browser was closed')
})

test('Firefox is started behind the proxy, with a profile of its own, and says what is not seen', async () => {
  const folder = await temporaryHome()
  const path = join(folder, 'firefox')
  writeFileSync(path, `#!/bin/sh\necho "$@" > ${folder}/arguments\nexec sleep 1000\n`, { mode: 0o755 })
  const proxy = await startProxy()
  const { source, dataDir } = await openBrowser({ config: { headless: true, executable: path, profile: 'fox', url: 'a.example' }, proxy })
  const profile = join(dataDir, 'profiles', 'fox')
  await vi.waitFor(() =>
    expect(readFileSync(join(folder, 'arguments'), 'utf8')).toBe(`--profile ${profile} --no-remote --headless http://a.example\n`),
  )
  const preferences = readFileSync(join(profile, 'user.js'), 'utf8')
  expect(preferences).toContain(`user_pref("network.proxy.ssl_port", ${proxy.port});\n`)
  expect(preferences).toContain('user_pref("network.proxy.allow_hijacking_localhost", true);\n')
  expect(source).toMatchObject({
    browser: 'Firefox',
    notes: expect.arrayContaining([expect.stringContaining('not recorded')]),
  })
  expect(source.cookies).toBeUndefined()
  await source.stop()
  expect(await source.ended).toBe('the browser ended by SIGTERM')
  await expect(openBrowser({ config: { headless: true, executable: path } })).rejects.toThrow('Firefox can be recorded by a proxy only')
})
