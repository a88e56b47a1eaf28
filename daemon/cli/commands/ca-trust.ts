/** `weir ca install | uninstall | check`: trust in the CA beyond one command. Nothing is run that was not said before. */
import type { CommandRun } from '../command.ts'
import { confirmed } from '../confirm.ts'
import { type Context, withClient } from '../context.ts'
import { exits, UsageError } from '../exit.ts'
import type { Given } from '../given.ts'
import { writeJsonLines } from '../json-output.ts'
import { printable } from '../printable.ts'
import { containerRecipe } from '../trust/container-recipe.ts'
import { identifyCa } from '../trust/identify.ts'
import { thisMachine } from '../trust/machine.ts'
import { runCommands, typed } from '../trust/run-commands.ts'
import { findStores } from '../trust/stores.ts'
import type { Command, TrustedCa, TrustState, TrustStore } from '../trust/trust-store.ts'

type Change = 'install' | 'uninstall'

interface Looked {
  store: TrustStore
  state: TrustState
}

export const installCa: CommandRun = (given, context) => change('install', given, context)
export const uninstallCa: CommandRun = (given, context) => change('uninstall', given, context)

export const checkCa: CommandRun = async (given, context) => {
  const found = await look(given, context, await trustedCa(context))
  const answers = found.map(({ store: { name, where }, state }) => ({ store: name, where, ...stateOf(state) }))
  if (given.flag('json')) await writeJsonLines(context, answers)
  else for (const { store, where, state, reason } of answers) await context.out.line(row(store, state, where, reason))
  return answers.every(({ state }) => state === 'trusted') ? exits.done : exits.refused
}

async function change(what: Change, given: Given, context: Context): Promise<number> {
  const ca = await trustedCa(context)
  const { out, err } = context
  const named = given.list('store')
  if (named.includes('container')) await out.write(containerRecipe(ca))
  if (named.length > 0 && named.every((name) => name === 'container')) return exits.done
  const looked = await look(given, context, ca)
  const commands: Command[] = []
  for (const { store, state } of looked) {
    const { todo, why } = decide(what, store, state)
    commands.push(...todo)
    await out.line(row(store.name, todo.length > 0 ? what : 'nothing to do', store.where, why))
    for (const command of todo) await out.line(`          ${printable(typed(command))}`)
  }
  if (commands.length === 0 || given.flag('dryRun')) return exits.done
  if (!given.flag('yes') && !(await confirmed(context, question(commands.length), unasked))) {
    await err.line('weir: nothing was changed')
    return exits.refused
  }
  await runCommands(commands, context.env)
  if (what === 'install') await err.line('weir: done; programs that run already may need a restart. weir ca uninstall takes it back')
  return exits.done
}

function decide(what: Change, store: TrustStore, state: TrustState): { todo: Command[]; why?: string } {
  if ('unknown' in state) return { todo: [], why: state.unknown }
  if (what === 'install') return state.trusted ? { todo: [], why: 'it trusts the CA already' } : { todo: store.install() }
  if (state.added) return { todo: store.uninstall() }
  return { todo: [], why: state.trusted ? 'what weir ca install adds is not there; somebody trusted it in another way' : 'it is not there' }
}

/** The stores that are meant, each looked at. UsageError when there is none. */
async function look(given: Given, { env }: Context, ca: TrustedCa): Promise<Looked[]> {
  const wanted = given.list('store').filter((name) => name !== 'container')
  const all = findStores(thisMachine(env), ca)
  const missing = wanted.filter((name) => !all.some((store) => store.name === name))
  if (missing.length > 0)
    throw new UsageError(`this machine has no ${missing.join(', ')} store; it has ${names(all) || 'none that weir knows'}`)
  const meant = wanted.length === 0 ? all : all.filter(({ name }) => wanted.includes(name))
  if (meant.length === 0)
    throw new UsageError('weir finds no store on this machine; weir ca names the certificate, docs/certificates.md says more')
  return Promise.all(meant.map(async (store) => ({ store, state: await store.look() })))
}

const names = (stores: readonly TrustStore[]): string => [...new Set(stores.map(({ name }) => name))].join(', ')

const question = (count: number): string => `Run ${count === 1 ? 'this command' : `these ${count} commands`}?`
const unasked = 'nothing was changed: confirm with --yes, or look only with --dry-run'

const trustedCa = (context: Context): Promise<TrustedCa> =>
  withClient(context, async (client) => {
    const { path, certificate } = await client.call('ca/get', {})
    return identifyCa(path, certificate)
  })

function stateOf(state: TrustState): { state: 'trusted' | 'untrusted' | 'unknown'; reason?: string } {
  if ('unknown' in state) return { state: 'unknown', reason: state.unknown }
  return { state: state.trusted ? 'trusted' : 'untrusted' }
}

const row = (name: string, state: string, where: string, why?: string): string =>
  `${name.padEnd(9)} ${state.padEnd(13)} ${printable(where)}${why === undefined ? '' : ` (${printable(why)})`}`
