/** The jar of newman's --cookie-jar (tough-cookie): kept in step. */
import { defineCookieSync, pluginApi } from '../../sdk/plugin.ts'
import { CookieFile, fileConfig } from './files/cookie-file.ts'

export default defineCookieSync({
  kind: 'cookie-sync',
  name: 'newman',
  version: '1.0.0',
  api: pluginApi,
  description: "The jar of newman's --cookie-jar (tough-cookie)",
  config: fileConfig,
  create: ({ path }) => new CookieFile(path, 'newman'),
})
