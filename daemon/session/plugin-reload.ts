/** What changes of the user's plugins while the daemon runs, on disk or in the list of config.toml, is taken up. */
import type { WeirError } from '../../sdk/errors.ts'
import type { Log } from '../log.ts'
import type { FileWatch } from '../plugin/file-watch.ts'
import type { PluginDirectory } from '../plugin/plugin-directory.ts'
import type { SessionManager } from './session-manager.ts'

export interface PluginReloadOptions {
  /** Absolute path of config.toml. */
  configuration: string
  /** `plugins` as config.toml has it now. @throws 1005 configInvalid */
  readNames(): readonly string[]
  directory: PluginDirectory
  sessions: SessionManager
  files: FileWatch
  log: Log
  failed(error: WeirError): void
}

export class PluginReload {
  readonly #options: PluginReloadOptions

  constructor(options: PluginReloadOptions) {
    this.#options = options
  }

  start(): void {
    this.#options.files.watch(this, [this.#options.configuration])
  }

  /** Never rejects. */
  async reload(changed: ReadonlySet<string>): Promise<void> {
    const { configuration, directory, sessions, log } = this.#options
    try {
      if (changed.has(configuration)) await this.#rename()
      await directory.refresh(changed)
      await sessions.reloadFilters(changed)
    } catch (error) {
      log.fault('changed plugins could not be read again', error)
    }
  }

  async #rename(): Promise<void> {
    const { directory, readNames, log, failed } = this.#options
    let names: readonly string[]
    try {
      names = readNames()
    } catch (error) {
      log.write('warn', `${(error as WeirError).message}; the plugins stay as they were`)
      failed(error as WeirError)
      return
    }
    await directory.rename(names)
  }
}
