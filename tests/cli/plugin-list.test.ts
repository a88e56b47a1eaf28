/** `weir plugin list`: which plugins there are, and which modules cannot be used. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { linesSource } from '../plugin/plugin-module.ts'
import { weir } from '../support/command-line.ts'
import { startDaemon } from '../support/daemon.ts'
import { temporaryHome } from '../support/home.ts'

test("the built-in plugins and the user's are listed, and what cannot be used is said with the way out", async () => {
  const folder = await temporaryHome()
  await mkdir(join(folder, 'mine'))
  await writeFile(join(folder, 'mine/lines.mjs'), linesSource('lines', "description: 'a line\\u001b[2J each',"))
  await writeFile(join(folder, 'mine/bad.mjs'), 'export default 3')
  await writeFile(join(folder, 'config.toml'), 'plugins = ["mine"]\n')
  const { env } = await startDaemon({ folder })

  const table = await weir(['plugin', 'list'], { env })
  const lines = table.stdout.trimEnd().split('\n')
  expect(table.code).toBe(0)
  expect(lines[0]).toMatch(/^KIND +NAME +VERSION +FROM +DESCRIPTION$/)
  expect(lines).toContainEqual(expect.stringMatching(/^exporter +har +\S+ +built-in +HTTP Archive/))
  expect(lines).toContainEqual(expect.stringMatching(/^filter +redact +\S+ +built-in +\S/))
  expect(lines.at(-1)).toMatch(/^exporter +lines +1\.0\.0 +lines\.mjs +a line\\x1b\[2J each$/)
  const [fault, remedy] = table.stderr.trimEnd().split('\n')
  expect(fault).toBe(
    `weir: plugin bad.mjs: its default export is not a manifest object (see docs/plugins.md) (${join(folder, 'mine/bad.mjs')})`,
  )
  expect(remedy).toMatch(/1 module cannot be used: correct it, or take it out of plugins in .*config\.toml$/)

  const json = await weir(['plugin', 'list', '--json'], { env })
  const items = json.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown)
  expect(items).toHaveLength(lines.length - 1)
  expect(items.at(-1)).toMatchObject({ kind: 'exporter', name: 'lines', builtIn: false, module: join(folder, 'mine/lines.mjs') })
  expect(json.stderr).toBe(table.stderr)
})
