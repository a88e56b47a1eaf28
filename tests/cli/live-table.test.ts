import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { LiveTable } from '../../daemon/cli/live-table.ts'
import { Output } from '../../daemon/cli/output.ts'
import type { Client } from '../../sdk/client.ts'
import type { Exchange, ExchangeState } from '../../sdk/model.ts'
import type { Params, Result } from '../../sdk/protocol.ts'

/** A daemon's answers to exchange/list, from a log of changes, and to session/overview. */
class Changes {
  readonly log: Exchange[] = []
  /** How often it was asked for. */
  overviews = 0

  add(seq: number, state: ExchangeState): void {
    const request = { method: 'GET', url: `https://a/${seq}` }
    this.log.push({ seq, state, kind: 'http', startedAt: 0, durationMs: state === 'open' ? null : 1, request, response: null } as Exchange)
  }

  async call(method: string, params: Params<'exchange/list'>): Promise<object> {
    return method === 'exchange/list' ? this.#list(params) : this.#overview()
  }

  #overview(): Result<'session/overview'> {
    this.overviews++
    const exchanges = new Set(this.log.map(({ seq }) => seq)).size
    const total = { exchanges, failed: 0, bytesSent: 0, bytesReceived: 0, durationMs: null }
    return { groups: exchanges === 0 ? [] : [{ key: 'a\x1b[2J', ...total }], total }
  }

  #list({ since, limit = 100 }: Params<'exchange/list'>): Result<'exchange/list'> {
    const newest = new Map(this.log.map((exchange, index) => [exchange.seq, { exchange, change: index + 1 }]))
    if (since === undefined) {
      const items = [...newest.values()].map(({ exchange }) => exchange).sort((a, b) => b.seq - a.seq)
      return { items: items.slice(0, limit), clock: String(this.log.length), more: items.length > limit }
    }
    const from = since === 'start' ? 0 : Number(since)
    const changed = [...newest.values()].filter(({ change }) => change > from).sort((a, b) => a.change - b.change)
    const page = changed.slice(0, limit)
    return {
      items: page.map(({ exchange }) => exchange),
      deleted: [],
      clock: String(page.at(-1)?.change ?? from),
      more: changed.length > limit,
    }
  }
}

class Screen extends Writable {
  readonly isTTY: boolean
  readonly columns = 100
  rows = 10
  text = ''

  constructor(isTTY: boolean) {
    super({ decodeStrings: false })
    this.isTTY = isTTY
  }

  override _write(chunk: string, _encoding: string, done: () => void): void {
    this.text += chunk
    done()
  }

  /** What is to be seen: lines that were erased are gone. */
  get lines(): string[] {
    const shown: string[] = []
    for (const part of this.text.split(/(?=\x1b\[\d+A\x1b\[J)/)) {
      const [, up] = /^\x1b\[(\d+)A\x1b\[J/.exec(part) ?? []
      if (up) shown.splice(shown.length - Number(up))
      shown.push(
        ...part
          .replace(/^\x1b\[\d+A\x1b\[J/, '')
          .split('\n')
          .slice(0, -1),
      )
    }
    return shown.map((line) => line.replace(/\x1b\[\d+m/g, ''))
  }

  /** The numbers of the rows, in order. */
  get seqs(): number[] {
    return this.lines.map((line) => Number(/^ *(\d+) /.exec(line)?.[1])).filter(Boolean)
  }
}

function start(isTTY = false, now?: () => number) {
  const changes = new Changes()
  const screen = new Screen(isTTY)
  return { changes, screen, table: new LiveTable(changes as unknown as Client, 's', new Output(screen), 'start', now) }
}

test('each exchange has one row, when it has ended, however often it changes', async () => {
  const { changes, screen, table } = start()
  changes.add(1, 'open')
  changes.add(2, 'complete')
  await table.poll()
  expect(screen.seqs).toEqual([2])
  changes.add(2, 'complete')
  changes.add(1, 'failed')
  await table.poll()
  await table.poll()
  expect(screen.seqs).toEqual([2, 1])
  await table.finish()
  expect(screen.seqs).toEqual([2, 1])
})

test('what began before another and ended after it is not forgotten', async () => {
  const { changes, screen, table } = start()
  changes.add(2, 'complete')
  await table.poll()
  changes.add(1, 'aborted')
  await table.poll()
  expect(screen.seqs).toEqual([2, 1])
})

test('a terminal shows what is open below the rows, and takes it away again', async () => {
  const { changes, screen, table } = start(true)
  for (let seq = 1; seq <= 7; seq++) changes.add(seq, 'open')
  await table.poll()
  expect(screen.seqs).toEqual([3, 4, 5, 6, 7])
  expect(screen.lines.at(-1)).toBe('and 2 more open')
  changes.add(4, 'complete')
  await table.poll()
  expect(screen.seqs).toEqual([4, 2, 3, 5, 6, 7])
  await table.finish()
  expect(screen.seqs).toEqual([4])
  expect(screen.lines).toHaveLength(2)
})

test('a terminal with room shows the hosts below, asked for once a second at most and only when something has changed', async () => {
  let now = 5000
  const { changes, screen, table } = start(true, () => now)
  screen.rows = 30
  changes.add(1, 'complete')
  await table.poll()
  await table.poll()
  expect(screen.lines.slice(-3)).toEqual([
    '',
    expect.stringMatching(/^ +COUNT .* {2}HOST$/),
    expect.stringMatching(/^ +1 +0 .* {2}a\\x1b\[2J$/),
  ])
  changes.add(2, 'complete')
  now += 999
  await table.poll()
  await table.poll()
  expect(screen.seqs).toEqual([1, 2, 1])
  now += 1
  await table.poll()
  await table.poll()
  expect(screen.seqs).toEqual([1, 2, 2])
  now += 5000
  const { text } = screen
  await table.poll()
  expect([changes.overviews, screen.text]).toEqual([2, text])
  await table.finish()
  expect(screen.seqs).toEqual([1, 2])
  expect(screen.lines).toHaveLength(3)
})

test('a low terminal, or none, does without the hosts', async () => {
  for (const isTTY of [true, false]) {
    const { changes, table } = start(isTTY)
    changes.add(1, 'complete')
    await table.poll()
    expect(changes.overviews).toBe(0)
  }
})

test('more at once than anybody reads is counted, and the rows go on from there', async () => {
  const { changes, screen, table } = start()
  for (let seq = 1; seq <= 1000; seq++) changes.add(seq, 'complete')
  await table.poll()
  expect(screen.seqs).toHaveLength(200)
  expect(screen.lines.at(-1)).toBe('… 800 exchanges more than fit here; weir ls lists them all')
  changes.add(1001, 'complete')
  await table.poll()
  expect(screen.seqs.at(-1)).toBe(1001)
})

test('where there is no terminal, no escape sequence is written', async () => {
  const { changes, screen, table } = start()
  changes.add(1, 'open')
  await table.poll()
  changes.add(1, 'failed')
  await table.poll()
  await table.finish()
  expect(screen.text).not.toContain('\x1b')
})
