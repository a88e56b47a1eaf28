/** The browser as a source: launched, already behind the session's proxy, or attached to by its debugging endpoint. */
import { defineSource, pluginApi } from '../../sdk/plugin.ts'
import { attachChromium } from './attach-chromium.ts'
import { findBrowser } from './launch/find-browser.ts'
import { launchChromium } from './launch/launch-chromium.ts'
import { launchFirefox } from './launch/launch-firefox.ts'

export default defineSource({
  kind: 'source',
  name: 'browser',
  version: '1.0.0',
  api: pluginApi,
  description: 'Chromium, Chrome, Edge or Brave, launched or attached to; Firefox behind the proxy',
  config: {
    type: 'object',
    properties: {
      url: { type: 'string', minLength: 1, description: 'What it opens; http:// when it names no scheme.' },
      headless: { type: 'boolean', description: 'Without a window.' },
      endpoint: {
        type: 'string',
        pattern: '^(?:http|ws)://',
        description:
          'A browser that runs, by its debugging endpoint: http://127.0.0.1:9222, or the ws:// URL that it prints. Without it one is launched.',
      },
      profile: {
        type: 'string',
        pattern: '^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$',
        description: "A profile of weir's own that is kept, by its name; a fresh one without.",
      },
      executable: { type: 'string', minLength: 1, description: 'Absolute path of the browser.' },
    },
    additionalProperties: false,
  },
  create: ({ url, headless = false, endpoint, profile, executable }, host) => ({
    async open(run) {
      const page = url === undefined ? undefined : withScheme(url)
      if (endpoint !== undefined) {
        if (headless || profile !== undefined || executable !== undefined)
          throw new Error('endpoint names a browser that runs: headless, profile and executable are for one that is launched')
        return attachChromium({ endpoint, url: page }, run, host)
      }
      const { path, kind } = findBrowser(executable)
      if (!headless && process.platform === 'linux' && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY)
        throw new Error('there is no display for its window: launch it headless')
      const launch = kind === 'firefox' ? launchFirefox : launchChromium
      return launch({ path, url: page, headless, profile }, run, host)
    },
  }),
})

/** `localhost:3000` is a host, not a scheme. */
const withScheme = (url: string): string => (/^(?:[a-z][a-z0-9+.-]*:\/\/|about:|data:)/i.test(url) ? url : `http://${url}`)
