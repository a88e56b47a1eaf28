/** A user's plugin that config.toml names runs like a built-in one. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { startDaemon } from '../support/daemon.ts'
import { temporaryHome } from '../support/home.ts'

const names = `export default {
  kind: 'exporter',
  name: 'session-name',
  version: '1.0.0',
  api: 1,
  description: 'The name of the session',
  config: { type: 'object', additionalProperties: false, properties: {} },
  create: () => ({ run: async ({ session, out }) => void out.write(session.name) }),
}
`

it('a plugin beside config.toml is listed and exports', async () => {
  const folder = await temporaryHome()
  await mkdir(join(folder, 'mine'))
  await writeFile(join(folder, 'mine/names.mjs'), names)
  await writeFile(join(folder, 'config.toml'), 'plugins = ["mine"]\n')
  const { client } = await startDaemon({ folder })
  const { items } = await client.call('exporter/list', {})
  expect(items.map(({ name }) => name)).toEqual(expect.arrayContaining(['har', 'session-name']))
  const { id } = await client.call('session/start', { name: 'mine', proxy: null })
  expect(await client.call('exporter/run', { sessionId: id, exporter: 'session-name' })).toMatchObject({ text: 'mine' })
})
