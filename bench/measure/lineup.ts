/** The systems of one comparison: started together on the same cores, stopped together, measured by turns. */
import { rmSync } from 'node:fs'
import type { Context } from '../bench.ts'
import { Load } from '../load/load.ts'
import type { Scheme, Target } from '../load/proxied-socket.ts'
import type { Running, System } from '../systems/system.ts'
import type { Cores } from './pinned-process.ts'

export interface Entrant {
  system: System
  running: Running
  target: Target
  /** Exchanges sent through it in all: what its record must hold. */
  sent: number
}

/** The systems that were asked for and are there; each one left out is said in `notes` and on the terminal. */
function choose(context: Context, systems: readonly System[], notes: string[]): System[] {
  return systems.filter((system) => {
    if (context.only && !context.only.includes(system.name)) return false
    const missing = system.missing()
    if (missing === null) return true
    context.log(`SKIPPED ${system.name}: ${missing}`)
    const note = `${system.name} was skipped: ${missing}.`
    if (!notes.includes(note)) notes.push(note)
    return false
  })
}

export interface LineUpPlan {
  scheme: Scheme
  systems: readonly System[]
  cores: Cores
}

/** Starts load and systems, sends one verified exchange through each, and stops them all when `measure` is done or fails. */
export async function withLineUp(
  context: Context,
  { scheme, systems, cores }: LineUpPlan,
  notes: string[],
  measure: (load: Load, entrants: Entrant[]) => Promise<void>,
): Promise<void> {
  const load = await Load.start(context.cores.load)
  const entrants: Entrant[] = []
  const folders: string[] = []
  try {
    for (const system of choose(context, systems, notes)) {
      const folder = context.folder(system.name)
      folders.push(folder)
      const running = await system.start({ cores, originCaPem: load.originCaPem, folder })
      const target = load.target(scheme, running.proxy, running.caPem)
      entrants.push({ system, running, target, sent: 1 })
      await load.call('probe', { target })
    }
    await measure(load, entrants)
  } finally {
    for (const { running } of entrants) await running.stop()
    await load.stop()
    for (const folder of folders) rmSync(folder, { recursive: true, force: true })
  }
}

/** A B C, then B C A, then C A B...: no system always follows the same neighbour. */
export async function alternate(entrants: readonly Entrant[], rounds: number, measure: (entrant: Entrant) => Promise<void>): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < entrants.length; turn++) {
      const entrant = entrants[(round + turn) % entrants.length]
      if (entrant) await measure(entrant)
    }
  }
}
