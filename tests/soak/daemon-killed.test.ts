/** Promise 4 with the whole daemon: killed at any moment, amid everything that writes, and started again on what it left. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import type { Client } from '../../sdk/client.ts'
import { startDaemon } from '../support/daemon.ts'
import { temporaryHome } from '../support/home.ts'
import { startOrigin } from '../support/origin.ts'
import { getThrough } from '../support/through-proxy.ts'
import { isSoak, keepOutcome, sizeOf, timeoutOf } from './size.ts'

const seed = 20_261_128
const clients = 8
/** What the promise allows to be lost, ms before the kill. */
const mayBeLostMs = 200

interface Running {
  client: Client
  sessionId: string
  /** A file of this round's own. */
  out: string
}
interface Meanwhile {
  name: string
  bodyBytes: number
  limits?: { sessionBytes: number }
  /** Called again and again until the daemon is dead. */
  work?(running: Running): Promise<unknown>
}

const activities: readonly Meanwhile[] = [
  {
    name: 'deletion',
    bodyBytes: 2_000,
    work: ({ client, sessionId }) => client.call('exchange/delete', { sessionId, where: 'path:*0' }),
  },
  // The log is copied back every 8 MB.
  { name: 'checkpoints', bodyBytes: 300_000 },
  { name: 'retention', bodyBytes: 20_000, limits: { sessionBytes: 1024 * 1024 } },
  {
    name: 'an export',
    bodyBytes: 2_000,
    work: ({ client, sessionId, out }) => client.call('exporter/run', { sessionId, exporter: 'har', out }),
  },
  { name: 'a search', bodyBytes: 2_000, work: ({ client, sessionId }) => client.call('exchange/search', { sessionId, text: 'needle' }) },
  { name: 'nothing else', bodyBytes: 900 },
]

interface Answer {
  path: string
  at: number
}

/** Clients without end; resolves with the answers they got when nobody answers any more. */
async function traffic(port: number, url: string, answered: (count: number) => void): Promise<Answer[]> {
  const answers: Answer[] = []
  let asked = 0
  const ask = async () => {
    for (;;) {
      const path = `/${asked++}`
      try {
        await getThrough(port, url + path)
      } catch {
        return
      }
      answers.push({ path, at: Date.now() })
      answered(answers.length)
    }
  }
  await Promise.all(Array.from({ length: clients }, ask))
  return answers
}

async function untilDead(running: Running, work: Meanwhile['work']): Promise<void> {
  try {
    while (work) await work(running)
  } catch {
    // It is dead.
  }
}

interface Kept {
  integrity: unknown
  paths: Set<string>
  open: unknown
  wrongSizes: unknown
  seqs: number[]
  lastSeq: number
  deleted: number
  kills: { since: number; until: number }[]
}

function read(path: string, bodyBytes: number): Kept {
  const database = new DatabaseSync(path, { readOnly: true })
  const all = <Row>(sql: string) => database.prepare(sql).all() as unknown as Row[]
  const one = (sql: string) => Object.values(all<object>(sql)[0] ?? {})[0] as unknown
  const paths = all<{ path: string }>('SELECT path FROM v1_exchange').map((row) => row.path)
  expect(new Set(paths).size).toBe(paths.length)
  const kept: Kept = {
    integrity: one('PRAGMA integrity_check'),
    paths: new Set(paths),
    open: one("SELECT count(*) FROM v1_exchange WHERE state = 'open'"),
    wrongSizes: one(`SELECT count(*) FROM v1_exchange WHERE state = 'complete' AND response_body_size <> ${bodyBytes}`),
    seqs: all<{ seq: number }>('SELECT seq FROM exchange UNION ALL SELECT seq FROM tombstone ORDER BY seq').map(({ seq }) => seq),
    lastSeq: one('SELECT last_seq FROM progress') as number,
    deleted: one('SELECT count(*) FROM tombstone') as number,
    kills: all("SELECT since, until FROM v1_gap WHERE reason = 'daemonKilled'"),
  }
  database.close()
  return kept
}

function dead(pid: number): boolean {
  try {
    return !process.kill(pid, 0)
  } catch {
    return true
  }
}

test('a daemon that is killed amid traffic leaves whole files, all but the last moment, and a gap', {
  timeout: timeoutOf(120_000),
}, async () => {
  const origin = await startOrigin((request, response) => response.end(Buffer.alloc(bodyBytes, request.url)), { tls: false })
  let bodyBytes = 0
  const folder = await temporaryHome()
  const kills = sizeOf(2, 200)
  const moments = fc.sample(fc.integer({ min: 1, max: 400 }), { seed, numRuns: kills })
  let daemon = await startDaemon({ folder })
  let exchanges = 0
  let lost = 0
  let longestMs = 0
  for (const [round, moment] of moments.entries()) {
    const { name, work, limits, bodyBytes: bytes } = activities[round % activities.length] as Meanwhile
    bodyBytes = bytes
    const what = `round ${round}, killed after ${moment} answers, meanwhile ${name}`
    const { client, pid } = daemon
    const session = await client.call('session/start', limits ? { limits } : {})
    const running = { client, sessionId: session.id, out: join(folder, `${round}.har`) }
    let killedAt = 0
    const kill = () => {
      process.kill(pid, 'SIGKILL')
      killedAt = Date.now()
    }
    const [answers] = await Promise.all([
      traffic(session.proxy?.port as number, origin.url, (count) => void (count === moment && kill())),
      untilDead(running, work),
    ])
    await vi.waitFor(() => expect(dead(pid)).toBe(true))

    daemon = await startDaemon({ folder })
    expect(await daemon.client.call('session/get', { sessionId: session.id }), what).toMatchObject({ state: 'stopped' })
    const { paths, seqs, lastSeq, deleted, kills: gaps, ...kept } = read(session.file, bytes)
    expect(kept, what).toEqual({ integrity: 'ok', open: 0, wrongSizes: 0 })
    expect(seqs, what).toEqual(Array.from({ length: lastSeq }, (_, index) => index + 1))
    expect(gaps, what).toHaveLength(1)
    const [gap] = gaps as [Kept['kills'][0]]
    expect([gap.since <= killedAt + 1, gap.until >= killedAt - 1], what).toEqual([true, true])
    const missing = answers.filter(({ path }) => !paths.has(path))
    const before = (at: number) => missing.filter((answer) => answer.at < at).length
    // Only what was deleted may be missing from before the gap.
    expect(before(Math.floor(gap.since)), what).toBeLessThanOrEqual(deleted)
    if (isSoak) expect(before(killedAt - mayBeLostMs), what).toBeLessThanOrEqual(deleted)
    if (existsSync(running.out)) expect(() => JSON.parse(readFileSync(running.out, 'utf8')), what).not.toThrow()
    exchanges += answers.length
    if (deleted === 0) {
      lost += missing.length
      longestMs = Math.max(longestMs, ...missing.map(({ at }) => killedAt - at))
    }
    await daemon.client.call('session/delete', { sessionId: session.id })
  }
  keepOutcome({
    promise: 4,
    check: 'daemon',
    ran: `${kills} kills of the whole daemon under the traffic of ${clients} clients (${exchanges} exchanges, seed ${seed}), by turns amid ${activities.map(({ name }) => name).join(', ')}`,
    result: `each time: integrity ok, the exchanges and tombstones a row without a hole, one gap over the kill and all that is missing; lost were ${lost} answers of the last ${longestMs} ms`,
  })
})
