/** The process of one user's cookie-sync target. It answers one call at a time; the end of the channel is its end. */
import { toWire } from '../../../sdk/errors.ts'
import type { CookieTarget, JarAccess, PulledCookies, SourceCookies } from '../../../sdk/plugin.ts'
import { endWithDaemon } from '../end-with-daemon.ts'
import { said } from '../failure.ts'
import { hookModules } from '../module-hooks.ts'
import { createTarget } from './create-target.ts'
import type { FromTarget, TargetJob, ToTarget } from './target-messages.ts'

hookModules()

const send = (message: FromTarget) => void process.send?.(message)
let target: CookieTarget | null = null
const asked = new Map<number, { resolve(answer: unknown): void; reject(error: Error): void }>()

function ask<Answer>(message: (call: number) => FromTarget): Promise<Answer> {
  const call = asked.size === 0 ? 1 : Math.max(...asked.keys()) + 1
  return new Promise((resolve, reject) => {
    asked.set(call, { resolve: resolve as (answer: unknown) => void, reject })
    send(message(call))
  })
}

function answered(call: number, message: { failure: string } | { answer: unknown }): void {
  const waiting = asked.get(call)
  asked.delete(call)
  if ('failure' in message) waiting?.reject(new Error(message.failure))
  else waiting?.resolve(message.answer)
}

const jar = (name: string): JarAccess => ({
  cookies: () => ask((call) => ({ jar: call, name, changes: null })),
  change: async (changes) => void (await ask((call) => ({ jar: call, name, changes }))),
})

const source = (name: string): SourceCookies => ({
  place: () => ask((call) => ({ source: call, name, ask: 'place' })),
  pull: () => ask((call) => ({ source: call, name, ask: 'pull' })),
  push: async (changes, all) => void (await ask((call) => ({ source: call, name, ask: { changes, all } }))),
})

async function start(job: TargetJob): Promise<void> {
  try {
    const created = await createTarget(job, { jar, source, log: (log) => send({ log }) })
    if ('invalid' in created) return send(created)
    target = created.target
    send({ ready: { name: created.name, reads: target.pull !== undefined, moves: target.place !== undefined } })
  } catch (error) {
    send({ failure: toWire(error) })
  }
}

async function answer(work: (of: CookieTarget) => Promise<PulledCookies | string | null>): Promise<void> {
  try {
    send({ done: target === null ? null : await work(target) })
  } catch (error) {
    send({ failed: said(error) })
  }
}

endWithDaemon([])
process.on('disconnect', () => process.exit(0))
// The whole process group gets a terminal's signals; the daemon alone decides when this process ends.
process.on('SIGINT', () => undefined)
process.on('uncaughtException', (error) =>
  process.send?.({ crashed: said(error) } satisfies FromTarget, undefined, {}, () => process.exit(1)),
)
process.on('message', (message: ToTarget) => {
  if ('start' in message) void start(message.start)
  else if ('push' in message) {
    const { changes, all } = message.push
    void answer(async (of) => {
      await of.push(changes, all)
      return null
    })
  } else if ('pull' in message) void answer(async (of) => (await of.pull?.()) ?? null)
  else if ('place' in message) void answer(async (of) => (await of.place?.()) ?? null)
  else if ('jar' in message) answered(message.jar, 'failure' in message ? message : { answer: message.cookies })
  else if ('source' in message) answered(message.source, message)
  else {
    target?.dispose?.()
    process.exit(0)
  }
})
