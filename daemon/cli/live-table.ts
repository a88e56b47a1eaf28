/** The table of `weir capture`: a row for each exchange that has ended, and below them, on a terminal, what is still open, and the hosts. */
import { isDeepStrictEqual } from 'node:util'
import type { Client } from '../../sdk/client.ts'
import type { Exchange } from '../../sdk/model.ts'
import { type ExchangeTable, exchangeTable } from './exchange-row.ts'
import { LiveOverview } from './live-overview.ts'
import type { Output } from './output.ts'
import { plural } from './quantity.ts'
import { SeqSet } from './seq-set.ts'

/** Rows a poll at most: what a person can still see pass. More are counted, not shown. */
const pageSize = 200
const openShown = 5

export class LiveTable {
  readonly #client: Client
  readonly #sessionId: string
  readonly #out: Output
  readonly #ended = new SeqSet()
  readonly #open = new Map<number, Exchange>()
  readonly #overview: LiveOverview
  #isFinished = false
  #clock: string
  #headed = false
  /** Lines below the table that the next row takes the place of. */
  #below: readonly string[] = []

  /** @param clock where to begin @param now milliseconds */
  constructor(client: Client, sessionId: string, out: Output, clock: string, now?: () => number) {
    this.#client = client
    this.#sessionId = sessionId
    this.#out = out
    this.#clock = clock
    this.#overview = new LiveOverview(client, sessionId, out, now)
  }

  /** Shows what has changed since the last time. */
  async poll(): Promise<void> {
    const page = await this.#client.call('exchange/list', { sessionId: this.#sessionId, since: this.#clock, limit: pageSize })
    this.#clock = page.clock
    for (const seq of page.deleted ?? []) this.#open.delete(seq)
    const rows = page.items.filter((exchange) => this.#hasEnded(exchange))
    const skipped = page.more ? await this.#skip() : ''
    this.#overview.refresh(this.#clock)
    await this.#draw(rows, skipped)
  }

  /** Takes away what is below the rows. */
  async finish(): Promise<void> {
    this.#isFinished = true
    await this.#draw([], '')
  }

  /** Whether it has ended and was not shown yet. */
  #hasEnded(exchange: Exchange): boolean {
    if (exchange.state === 'open') {
      this.#open.set(exchange.seq, exchange)
      return false
    }
    this.#open.delete(exchange.seq)
    if (this.#ended.has(exchange.seq)) return false
    this.#ended.add(exchange.seq)
    return true
  }

  /** Traffic comes faster than anybody reads: goes on from now. */
  async #skip(): Promise<string> {
    const { items, clock } = await this.#client.call('exchange/list', { sessionId: this.#sessionId, order: 'desc', limit: 1 })
    this.#clock = clock
    this.#open.clear()
    const newest = items[0]?.seq ?? 0
    const missed = this.#ended.missingTo(newest)
    this.#ended.addAllTo(newest)
    return missed > 0 ? `… ${plural(missed, 'exchange')} more than fit here; weir ls lists them all` : ''
  }

  async #draw(rows: readonly Exchange[], skipped: string): Promise<void> {
    const out = this.#out
    const layout = exchangeTable(out)
    const lines = rows.map(layout.line)
    if (skipped) lines.push(out.style('dim', skipped))
    const below = out.terminal && !this.#isFinished ? [...this.#openLines(layout), ...this.#overview.lines] : []
    if (lines.length === 0 && isDeepStrictEqual(below, this.#below)) return
    if (!this.#headed) lines.unshift(layout.header())
    this.#headed = true
    const erased = this.#below.length > 0 ? `\x1b[${this.#below.length}A\x1b[J` : ''
    this.#below = below
    await out.write(erased + [...lines, ...below].map((line) => `${line}\n`).join(''))
  }

  #openLines(layout: ExchangeTable): string[] {
    const newest = [...this.#open.values()].slice(-openShown)
    const lines = newest.map(layout.line)
    const hidden = this.#open.size - newest.length
    if (hidden > 0) lines.push(this.#out.style('dim', `and ${hidden} more open`))
    return lines
  }
}
