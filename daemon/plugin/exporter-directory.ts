/** Which exporters there are, as the plugin processes told: the daemon itself loads none of their modules. */
import { fromWire, notFound, unavailable, type WeirError } from '../../sdk/errors.ts'
import type { ExporterInfo } from '../../sdk/protocol.ts'
import { type ChildExit, ExporterChild, type ExporterLimits } from './exporter-child.ts'
import type { ExporterJob, FromExporter } from './exporter-messages.ts'
import { pluginFailed } from './failure.ts'
import { builtInModules, modulesAt, pluginFile } from './loader.ts'

interface Found {
  infos: ExporterInfo[]
  moduleByName: Map<string, string>
}

export class ExporterDirectory {
  #modules: string[]
  #limits: ExporterLimits
  #compileCache: string | null
  #failed: (failure: WeirError) => void
  #builtIn: Promise<Map<string, string>> | null = null
  #found: Promise<Found> | null = null

  /** @param modules the user's, absolute paths of modules or folders. `failed` hears once of each module that cannot be used. */
  constructor(modules: string[], limits: ExporterLimits, compileCache: string | null, failed: (failure: WeirError) => void) {
    this.#modules = modules
    this.#limits = limits
    this.#compileCache = compileCache
    this.#failed = failed
  }

  /** Loaded in a process of their own at the first call, remembered after that. */
  async list(): Promise<ExporterInfo[]> {
    return (await this.#load()).infos
  }

  /** The module of an exporter; a built-in one is known by its file name, without loading anything. @throws 1001 exporterNotFound */
  async moduleOf(name: string): Promise<string> {
    const builtIn = (await this.#builtInByName()).get(name)
    if (builtIn) return builtIn
    const { moduleByName } = await this.#load()
    const module = moduleByName.get(name)
    if (module) return module
    throw notFound('exporterNotFound', `there is no exporter of that name; there are: ${[...moduleByName.keys()].join(', ')}`)
  }

  #builtInByName(): Promise<Map<string, string>> {
    this.#builtIn ??= builtInModules().then(
      (paths) => new Map(paths.map((path) => [pluginFile(path).replace(/\.\w+$/, ''), path] as const)),
    )
    return this.#builtIn
  }

  #load(): Promise<Found> {
    this.#found ??= this.#loadAll().catch((error: unknown) => {
      this.#found = null
      throw error
    })
    return this.#found
  }

  async #loadAll(): Promise<Found> {
    const found: Found = { infos: [], moduleByName: new Map() }
    const own = await Promise.all(this.#modules.map(modulesAt))
    const waiting = [...(await this.#builtInByName()).values(), ...own.flat()]
    while (waiting.length > 0) {
      const before = waiting.length
      const exit = await this.#loadSome(waiting, found)
      if (isNotStarted(exit)) throw notStarted()
      // It ended in the middle: the module in hand is the reason, the others have a new process.
      if (waiting.length === before || exit.verdict !== null || exit.code !== 0) {
        const module = waiting.shift()
        if (module) this.#failed(pluginFailed(pluginFile(module), howItEnded(exit, this.#limits)))
      }
    }
    return found
  }

  /** Takes from `waiting` what was answered. */
  #loadSome(waiting: string[], found: Found): Promise<ChildExit> {
    const heard = (message: FromExporter) => {
      if (!('module' in message)) return
      waiting.splice(0, 1)
      if (message.failure) this.#failed(fromWire(message.failure))
      else if (message.info) this.#add(message.module, message.info, found)
    }
    const job: ExporterJob = { job: 'list', modules: [...waiting] }
    return new ExporterChild({ job, out: 'ignore', limits: this.#limits, compileCache: this.#compileCache, heard }).exit
  }

  #add(module: string, info: ExporterInfo, found: Found): void {
    if (found.moduleByName.has(info.name)) {
      this.#failed(pluginFailed(pluginFile(module), `the name ${info.name} is taken by another plugin: choose another one`))
      return
    }
    found.moduleByName.set(info.name, module)
    found.infos.push(info)
  }
}

/** The system had no process for it. */
export const isNotStarted = ({ code, signal }: ChildExit): boolean => code === null && signal === null
export const notStarted = (): WeirError => unavailable('processNotStarted', 'the system could not start a process for it: try again later')

/** For a process that ended without its last word. */
export function howItEnded({ verdict, code, signal }: ChildExit, limits: ExporterLimits): string {
  if (verdict === 'silent') return `it did not answer for ${limits.silenceMs / 1000} s and was ended`
  if (verdict === 'memory') return `it used more than ${limits.residentMiB} MiB of memory and was ended`
  if (signal === 'SIGABRT') return `its process ran out of memory (${limits.heapMiB} MiB of heap)`
  if (signal) return `its process was ended by ${signal}`
  return `its process ended by itself with exit code ${code} before it was done`
}
