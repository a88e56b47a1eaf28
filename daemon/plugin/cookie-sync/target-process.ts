/** The process of one user's cookie-sync target. It answers one call at a time; the end of the channel is its end. */
import type { Cookie } from '../../../sdk/cookie/cookie.ts'
import { toWire } from '../../../sdk/errors.ts'
import type { CookieTarget, CookieTargetChange, JarAccess, PulledCookies } from '../../../sdk/plugin.ts'
import { endWithDaemon } from '../end-with-daemon.ts'
import { said } from '../failure.ts'
import { hookModules } from '../module-hooks.ts'
import { createTarget } from './create-target.ts'
import type { FromTarget, TargetJob, ToTarget } from './target-messages.ts'

hookModules()

const send = (message: FromTarget) => void process.send?.(message)
let target: CookieTarget | null = null
const asked = new Map<number, { resolve(cookies: readonly Cookie[]): void; reject(error: Error): void }>()

function askJar(name: string, changes: readonly CookieTargetChange[] | null): Promise<readonly Cookie[]> {
  const call = asked.size === 0 ? 1 : Math.max(...asked.keys()) + 1
  return new Promise((resolve, reject) => {
    asked.set(call, { resolve, reject })
    send({ jar: call, name, changes })
  })
}

const jar = (name: string): JarAccess => ({
  cookies: () => askJar(name, null),
  change: async (changes) => void (await askJar(name, changes)),
})

async function start(job: TargetJob): Promise<void> {
  try {
    const created = await createTarget(job, { jar, log: (log) => send({ log }) })
    if ('invalid' in created) return send(created)
    target = created.target
    send({ ready: { name: created.name, reads: target.pull !== undefined } })
  } catch (error) {
    send({ failure: toWire(error) })
  }
}

async function answer(work: (of: CookieTarget) => Promise<PulledCookies | null>): Promise<void> {
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
  else if ('jar' in message) {
    const call = asked.get(message.jar)
    asked.delete(message.jar)
    if ('failure' in message) call?.reject(new Error(message.failure))
    else call?.resolve(message.cookies)
  } else {
    target?.dispose?.()
    process.exit(0)
  }
})
