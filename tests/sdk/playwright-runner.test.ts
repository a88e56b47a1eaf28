/** The fixture for Playwright's own runner, in it: a spec of somebody who has installed both. */
import { execFile } from 'node:child_process'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it, vi } from 'vitest'
import { startCaller } from '../support/caller.ts'
import { chromiumPath } from '../support/chromium.ts'
import { startOrigin } from '../support/origin.ts'
import { installSdk } from '../support/sdk-package.ts'

vi.setConfig({ testTimeout: 180_000 })

const run = promisify(execFile)

/** As docs/sdk.md has it; Chromium in a container needs its sandbox off. */
const spec = `
import { test as base, chromium, expect } from '@playwright/test'
import { browserThrough, playwrightCapture } from '@weir/weir/testing'

const test = base.extend({ capture: playwrightCapture() })

test('a title', async ({ capture }) => {
  const { proxy, args } = browserThrough(capture)
  const more = ['--no-sandbox', '--disable-background-networking']
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, proxy, args: [...args, ...more] })
  const page = await browser.newPage()
  await page.goto(process.env.ORIGIN + '/page')
  expect(await page.title()).toBe('seen')
  await capture.expect('path:/page status:200', { timeoutMs: 60_000 })
  await browser.close()
})

test('that fails', async ({ capture }) => {
  await capture.expect('path:/never', { timeoutMs: 10 })
})
`

interface Report {
  suites: { specs: { title: string; ok: boolean; tests: { results: { error?: { message: string } }[] }[] }[] }[]
}

describe.skipIf(chromiumPath === null)('Playwright', () => {
  it('has a fixture, and launch options by which a browser is captured; sessions have the titles of their tests', async () => {
    const { env, client, folder } = await startCaller()
    const origin = await startOrigin((_request, response) => void response.end('<title>seen</title>'))
    await installSdk(folder)
    await mkdir(join(folder, 'node_modules/@playwright'))
    await symlink(
      fileURLToPath(new URL('.', import.meta.resolve('@playwright/test/package.json'))),
      join(folder, 'node_modules/@playwright/test'),
    )
    await writeFile(join(folder, 'package.json'), '{"type":"module"}')
    await writeFile(join(folder, 'orders.spec.js'), spec)
    await writeFile(join(folder, 'playwright.config.js'), 'export default { timeout: 150_000, workers: 1, retries: 0, reporter: "json" }')

    const cli = join(folder, 'node_modules/@playwright/test/cli.js')
    const runnerEnv = { ...env, CHROMIUM: chromiumPath ?? '', ORIGIN: origin.url } as NodeJS.ProcessEnv
    // One of its tests fails, so it ends with 1.
    const ended = await run(process.execPath, [cli, 'test'], { cwd: folder, env: runnerEnv }).then(
      ({ stdout }) => ({ code: 0, stdout }),
      (error: { code: number; stdout: string }) => error,
    )
    const { suites } = JSON.parse(ended.stdout) as Report
    const [passed, failed] = suites.flatMap(({ specs }) => specs)
    expect(passed, ended.stdout).toMatchObject({ title: 'a title', ok: true })
    expect(failed).toMatchObject({ title: 'that fails', ok: false })
    expect(failed?.tests[0]?.results[0]?.error?.message).toContain('path:/never')
    expect(ended.code).toBe(1)
    const { items } = await client.call('session/list', {})
    expect(items.map(({ name, state }) => `${name}: ${state}`).sort()).toEqual(['a title: stopped', 'that fails: stopped'])
  })
})
