/** A cookie jar of weir: what \`weir send --jar\` and \`request/send\` use. */
import { defineCookieSync, pluginApi } from '../../sdk/plugin.ts'

export default defineCookieSync({
  kind: 'cookie-sync',
  name: 'jar',
  version: '1.0.0',
  api: pluginApi,
  description: 'A cookie jar of weir, for requests that it sends',
  config: {
    type: 'object',
    properties: { jar: { type: 'string', minLength: 1, maxLength: 100, description: 'Naming a jar makes it.' } },
    required: ['jar'],
    additionalProperties: false,
  },
  create({ jar: name }, host) {
    const jar = host.jar(name)
    return {
      push: (changes) => jar.change(changes),
      pull: async () => ({ cookies: await jar.cookies(), at: Date.now() }),
    }
  },
})
