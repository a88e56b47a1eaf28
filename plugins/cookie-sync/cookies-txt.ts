/** Netscape's cookies.txt, for curl, wget and Python: kept in step. */
import { defineCookieSync, pluginApi } from '../../sdk/plugin.ts'
import { CookieFile, fileConfig } from './files/cookie-file.ts'

export default defineCookieSync({
  kind: 'cookie-sync',
  name: 'cookies-txt',
  version: '1.0.0',
  api: pluginApi,
  description: "Netscape's cookies.txt, for curl, wget and Python",
  config: fileConfig,
  create: ({ path }) => new CookieFile(path, 'cookies-txt'),
})
