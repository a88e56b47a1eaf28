/** Writes docs/viewer.png: the viewer over a session that is always the same. `node docs/generate/picture.ts [FILE] [light|dark]`; it needs a Chromium. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { connectOrStart } from '../../sdk/daemon-process.ts'
import { resolveHome } from '../../sdk/home.ts'
import { pictured } from './pictured-session.ts'

const [file = fileURLToPath(new URL('../viewer.png', import.meta.url)), scheme = 'light'] = process.argv.slice(2)
const folder = mkdtempSync(join(tmpdir(), 'weir-picture-'))
const env = { ...process.env, WEIR_HOME: folder }
const client = await connectOrStart({ home: resolveHome(env), env })
try {
  const path = join(folder, 'shop.jsonl')
  writeFileSync(path, pictured())
  const { sessionId } = await client.call('importer/run', { path, name: 'checkout' })
  const { port } = await client.call('websocket/start', { port: 0 })
  const origin = `http://127.0.0.1:${port}`
  const { code } = await client.call('pairing/start', { rights: ['read'], name: 'picture', origin })
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] })
  const page = await browser.newPage({ viewport: { width: 1440, height: 640 }, colorScheme: scheme === 'dark' ? 'dark' : 'light' })
  await page.goto(`${origin}/viewer/#code=${code}&session=${sessionId}`)
  await page.locator('.canvas [role=row]').filter({ hasText: '/v1/orders?retry' }).click()
  await page.locator('.json').waitFor()
  await page.screenshot({ path: file })
  await browser.close()
} finally {
  await client.call('daemon/stop', {})
  await client.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
}
