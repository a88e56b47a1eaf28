/** Finds the plugins that sync rules name, and makes their targets ready. */
import { isAbsolute, join } from 'node:path'
import type { Cookie, CookieKey } from '../../sdk/cookie/cookie.ts'
import type { CookieTarget, CookieTargetChange, JarAccess, SourceCookies } from '../../sdk/plugin.ts'
import type { Jars } from '../jar/jars.ts'
import { openTarget } from '../plugin/cookie-sync/open-target.ts'
import type { PluginDirectory } from '../plugin/plugin-directory.ts'
import type { Sources } from '../session/sources.ts'
import type { KeptTarget } from './sync-file.ts'

export interface SyncTargetsOptions {
  home: string
  compileCache: string | null
  directory: PluginDirectory
  jars: Jars
  sources: Pick<Sources, 'withCookies'>
  log(plugin: string, message: string): void
}

export class SyncTargets {
  readonly #options: SyncTargetsOptions

  constructor(options: SyncTargetsOptions) {
    this.#options = options
  }

  /** Rejects with 1001 targetNotFound, -32602 invalidConfig, 1003 pluginFailed. */
  async open({ plugin, config }: Pick<KeptTarget, 'plugin' | 'config'>): Promise<CookieTarget> {
    const { home, compileCache, directory, jars, sources } = this.#options
    const found = isAbsolute(plugin) ? { module: plugin, builtIn: false } : await directory.find('cookie-sync', plugin)
    const log = (message: string) => this.#options.log(plugin, message)
    return openTarget(found, config, {
      dataRoot: join(home, 'plugins'),
      compileCache,
      log,
      jar: (name) => jarAccess(jars, name, log),
      source: (name) => sourceCookies(sources, name),
    })
  }
}

/** Asked for anew each time: sources come and go. */
function sourceCookies(sources: Pick<Sources, 'withCookies'>, name: string): SourceCookies {
  const found = () => {
    const source = sources.withCookies(name)
    if (source !== null) return source
    const which = name === 'last' ? '' : ` ${JSON.stringify(name.slice(0, 100))}`
    throw new Error(
      `there is no browser${which} whose cookies could be kept in step: open one with weir browser, weir browser list names them`,
    )
  }
  return {
    place: async () => found().id,
    pull: async () => (await found().cookies.pull?.()) ?? null,
    push: async (changes, all) => found().cookies.push(changes, all),
  }
}

function jarAccess(jars: Jars, jar: string, log: (message: string) => void): JarAccess {
  return {
    cookies: async () => (await jars.get({ jar })).items,
    change: async (changes) => {
      const { items } = await jars.set({ jar, cookies: changes.map(written) })
      for (const { cause, reason, cookie } of items)
        if (cause === 'rejected') log(`${cookie?.name ?? 'a cookie'} is not taken by jar ${jar}: ${reason}`)
    },
  }
}

/** An end in the past takes it out. */
const written = (change: CookieTargetChange): Cookie | (CookieKey & { value: string; secure: boolean; expires: number }) =>
  'put' in change ? change.put : { ...keyFields(change.gone), value: '', secure: true, expires: 0 }

const keyFields = ({ name, domain, hostOnly, path, partitionKey }: CookieKey): CookieKey => ({ name, domain, hostOnly, path, partitionKey })
