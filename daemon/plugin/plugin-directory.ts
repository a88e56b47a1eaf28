/** Which plugins there are, as the plugin processes told: the main thread itself loads none of their modules. */
import { codes, fromWire, notFound, unavailable, WeirError } from '../../sdk/errors.ts'
import { moduleName } from '../../sdk/plugin/module-name.ts'
import type { Manifest } from '../../sdk/plugin.ts'
import type { PluginFault, PluginInfo } from '../../sdk/plugin-info.ts'
import { type ChildExit, ExporterChild, type ExporterLimits, startExporterProcess } from './exporter-child.ts'
import type { ExporterJob, FromExporter } from './exporter-messages.ts'
import { pluginFailed } from './failure.ts'
import type { FileWatch } from './file-watch.ts'
import { builtInModules, modulesOf, placesOf } from './plugin-modules.ts'

type Kind = Manifest['kind']

export interface FoundModule {
  /** Absolute path. */
  module: string
  builtIn: boolean
  /** An exporter that writes a folder; no built-in one does. */
  out?: 'folder'
}

export interface PluginList {
  items: PluginInfo[]
  faults: PluginFault[]
}

interface Found extends PluginList {
  /** By kind and name. */
  modules: Map<string, FoundModule>
}

const missing: { readonly [K in Kind]: string } = {
  exporter: 'exporterNotFound',
  filter: 'filterNotFound',
  'cookie-sync': 'targetNotFound',
  source: 'sourceKindNotFound',
}

const keyOf = (kind: Kind, name: string) => `${kind} ${name}`

export interface PluginDirectoryOptions {
  /** The user's, as config.toml in the folder `from` names them. */
  named: readonly string[]
  from: string
  limits: ExporterLimits
  compileCache: string | null
  files: Pick<FileWatch, 'watch'>
  /** Hears once of each that cannot be used. */
  failed(failure: WeirError): void
}

export class PluginDirectory {
  readonly #options: PluginDirectoryOptions
  #named: readonly string[]
  #builtIn: Promise<Map<string, string>> | null = null
  #found: Promise<Found> | null = null
  /** The user's files and folders that what is known was read from. */
  #sources = new Set<string>()

  constructor(options: PluginDirectoryOptions) {
    this.#options = options
    this.#named = options.named
  }

  /** Loaded in a process of their own at the first call, remembered after that. */
  async list(): Promise<PluginList> {
    const { items, faults } = await this.#load()
    return { items, faults }
  }

  /** A plugin's module; a built-in one is known by its file name, without loading anything. @throws 1001 exporterNotFound, filterNotFound, targetNotFound, sourceKindNotFound */
  async find(kind: Kind, name: string): Promise<FoundModule> {
    const builtIn = (await this.#builtInByKey()).get(keyOf(kind, name))
    if (builtIn) return { module: builtIn, builtIn: true }
    const { modules, items } = await this.#load()
    const found = modules.get(keyOf(kind, name))
    if (found) return found
    const names = items.filter((info) => info.kind === kind).map((info) => info.name)
    throw notFound(missing[kind], `there is no ${kind} of that name; there are: ${names.join(', ')}`)
  }

  #builtInByKey(): Promise<Map<string, string>> {
    this.#builtIn ??= builtInModules().then((found) => new Map(found.map(({ kind, name, path }) => [keyOf(kind, name), path] as const)))
    return this.#builtIn
  }

  /** Others are named from now on. */
  async rename(named: readonly string[]): Promise<void> {
    this.#named = named
    await this.#reload()
  }

  /** Reads the list again when it was read from one of these; a plugin whose new version cannot be used stays in it as it was. */
  async refresh(changed: ReadonlySet<string>): Promise<void> {
    if ([...changed].some((path) => this.#sources.has(path))) await this.#reload()
  }

  async #reload(): Promise<void> {
    const before = await this.#found?.catch(() => null)
    if (!before) return
    this.#found = this.#loadAll(before).catch(() => before)
    await this.#found
  }

  #load(): Promise<Found> {
    this.#found ??= this.#loadAll(null).catch((error: unknown) => {
      this.#found = null
      throw error
    })
    return this.#found
  }

  async #loadAll(before: Found | null): Promise<Found> {
    const { limits, failed } = this.#options
    const found: Found = { items: [], faults: [], modules: new Map() }
    const builtIn = [...(await this.#builtInByKey()).values()]
    this.#sources.clear()
    const waiting = [...builtIn, ...(await this.#ownModules(found))]
    while (waiting.length > 0) {
      const left = waiting.length
      const exit = await this.#loadSome(waiting, builtIn, found)
      if (isNotStarted(exit)) throw notStarted()
      // It ended in the middle: the module in hand is the reason, the others have a new process.
      if (waiting.length === left || exit.verdict !== null || exit.code !== 0) {
        const module = waiting.shift()
        if (module) addFault(found, module, pluginFailed(moduleName(module), howItEnded(exit, limits)))
      }
    }
    if (before !== null) keepFailed(found, before)
    for (const { module, message, plugin, reason } of found.faults) {
      if (before?.faults.some((known) => known.module === module && known.message === message)) continue
      failed(new WeirError(codes.pluginFailed, reason, message, { plugin }))
    }
    return found
  }

  async #ownModules(found: Found): Promise<string[]> {
    const { from } = this.#options
    this.#addSources(this.#named.flatMap((named) => placesOf(named, from)))
    const resolved = await Promise.allSettled(this.#named.map((named) => modulesOf(named, from)))
    // In the order of the list, whichever was found out first.
    const modules = resolved.flatMap((result, index) => {
      if (result.status === 'fulfilled') return result.value
      if (!(result.reason instanceof WeirError)) throw result.reason
      addFault(found, this.#named[index] ?? '', result.reason)
      return []
    })
    this.#addSources(modules)
    return modules
  }

  #addSources(paths: readonly string[]): void {
    for (const path of paths) this.#sources.add(path)
    this.#options.files.watch(this, this.#sources)
  }

  /** Takes from `waiting` what was answered. */
  #loadSome(waiting: string[], builtIn: readonly string[], found: Found): Promise<ChildExit> {
    const { limits, compileCache } = this.#options
    const heard = (message: FromExporter) => {
      if (!('module' in message)) return
      waiting.splice(0, 1)
      const { module, files, info, failure } = message
      if (files.length > 0) this.#addSources(files)
      if (failure) addFault(found, module, fromWire(failure))
      else if (info) add(found, { module, builtIn: builtIn.includes(module) }, info)
    }
    const job: ExporterJob = { job: 'list', modules: [...waiting] }
    return new ExporterChild({ job, process: startExporterProcess('ignore', limits, compileCache), limits, heard }).exit
  }
}

function add(found: Found, { module, builtIn }: FoundModule, info: Omit<PluginInfo, 'builtIn'>): void {
  const key = keyOf(info.kind, info.name)
  if (found.modules.has(key)) {
    addFault(found, module, pluginFailed(moduleName(module), `the name ${info.name} is taken by another ${info.kind}: choose another one`))
    return
  }
  found.modules.set(key, { module, builtIn, ...(info.out && { out: info.out }) })
  found.items.push({ ...info, builtIn, ...(!builtIn && { module }) })
}

function addFault({ faults }: Found, module: string, { data, reason, message }: WeirError): void {
  faults.push({ plugin: String(data.plugin ?? ''), reason, message, module })
}

/** What is named still and cannot be used any more is listed as it was: it is there, and running filters go on with it. */
function keepFailed(found: Found, before: Found): void {
  for (const { module } of found.faults) {
    for (const item of before.items) {
      const key = keyOf(item.kind, item.name)
      if (item.module !== module || found.modules.has(key)) continue
      found.modules.set(key, { module, builtIn: false, ...(item.out && { out: item.out }) })
      found.items.push(item)
    }
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
