/** Playwright's storageState: kept in step. */
import { defineCookieSync, pluginApi } from '../../sdk/plugin.ts'
import { CookieFile, fileConfig } from './files/cookie-file.ts'

export default defineCookieSync({
  kind: 'cookie-sync',
  name: 'storage-state',
  version: '1.0.0',
  api: pluginApi,
  description: "Playwright's storageState",
  config: fileConfig,
  create: ({ path }) => new CookieFile(path, 'storage-state'),
})
