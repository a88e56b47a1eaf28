/** Makes the filters of a session ready: built-in ones here, users' in processes of their own. */
import { invalidParams, type ParamError, WeirError } from '../../../sdk/errors.ts'
import type { FilteredExchange } from '../../../sdk/plugin.ts'
import { parseQuery } from '../../../sdk/query/parser.ts'
import { compilePredicate, matches } from '../../../sdk/query/predicate.ts'
import { WireSubject } from '../../../sdk/query/subject.ts'
import { FilterChain } from './filter-chain.ts'
import { FilterChild, type FilterLimits, filterLimits } from './filter-child.ts'
import { createFilter, workOf } from './filter-run.ts'
import { type FilterFault, FilterStep, type FilterWork, type OnError } from './filter-step.ts'
import type { RunningFilter } from './running-filter.ts'

/** One of `filters`, found. */
export interface FilterSpec {
  /** As the client named it. */
  plugin: string
  /** Absolute path. */
  module: string
  builtIn: boolean
  config: Record<string, unknown>
  /** Names it, among all filters of all sessions and times, in the recorder's RunningFilter; never 0. */
  number: number
  /** A recorder did not come back from it: it is not asked any more. */
  isStuck: boolean
}

export interface FilterSurroundings {
  /** The plugins' own folders lie in it. */
  dataRoot: string
  compileCache: string | null
  running: RunningFilter
  report(fault: FilterFault): void
  log(plugin: string, line: string): void
  limits?: FilterLimits
}

/** @throws -32602 invalidFilter that says which and why; nothing is left running then. */
export async function openFilters(specs: readonly FilterSpec[], surroundings: FilterSurroundings): Promise<FilterChain | null> {
  const steps: FilterStep[] = []
  const files: string[] = []
  try {
    for (const [index, spec] of specs.entries()) {
      const opened = await openFilter(spec, surroundings).catch(refused(spec, index))
      steps.push(opened.step)
      files.push(...opened.files)
    }
  } catch (error) {
    new FilterChain(steps).close()
    throw error
  }
  return steps.length === 0 ? null : new FilterChain(steps, files)
}

async function openFilter(spec: FilterSpec, surroundings: FilterSurroundings): Promise<{ step: FilterStep; files: readonly string[] }> {
  const { module, builtIn, number, isStuck } = spec
  const { dataRoot, compileCache, running, report, limits = filterLimits } = surroundings
  // The schema's defaults are filled in.
  const job = { module, dataRoot, config: structuredClone(spec.config) }
  const log = (line: string) => surroundings.log(spec.plugin, line)
  const stepOf = (name: string, onError: OnError, work: FilterWork) =>
    new FilterStep({ name, onError, work: isStuck ? null : work, number, running, report })
  if (builtIn) {
    const created = await createFilter(job, log)
    if ('invalid' in created) throw invalidParams('invalidConfig', 'its config is not what it takes', created.invalid)
    const { name, onError, filter, stop } = created
    return { step: stepOf(name, onError, 'where' in filter ? queryWork(filter.where) : workOf(filter, stop)), files: [] }
  }
  const child = new FilterChild(job, limits, compileCache, log)
  try {
    const { name, onError, where, files } = await child.start()
    if (where === null && !isStuck) return { step: stepOf(name, onError, child), files }
    child.dispose()
    return { step: stepOf(name, onError, queryWork(where ?? '')), files }
  } catch (error) {
    child.dispose()
    throw error
  }
}

/** Throws invalidQuery. */
function queryWork(where: string): FilterWork {
  const decide = compilePredicate(parseQuery(where))
  const bodyOf =
    ({ bodies }: FilteredExchange) =>
    (part: 'request' | 'response') =>
      bodies[part]
  return {
    decide,
    apply: (exchange) => (matches(decide, new WireSubject(exchange), bodyOf(exchange)) ? exchange : null),
    dispose: () => undefined,
  }
}

const refused =
  ({ plugin }: FilterSpec, index: number) =>
  (error: unknown): never => {
    if (!(error instanceof WeirError)) throw error
    const found = (error.data.errors as ParamError[] | undefined) ?? [{ path: '', message: error.message }]
    const inConfig = error.reason === 'invalidConfig' ? '/config' : ''
    const errors = found.map(({ path, message }) => ({ path: `/filters/${index}${inConfig}${inConfig === '' ? '' : path}`, message }))
    const what = inConfig === '' ? error.message : errors.map(({ path, message }) => `${path} ${message}`).join('; ')
    throw invalidParams('invalidFilter', `filter ${plugin} cannot be used: ${what}`, errors)
  }
