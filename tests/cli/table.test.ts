import { PassThrough } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { exchangeTable } from '../../daemon/cli/exchange-row.ts'
import { Output } from '../../daemon/cli/output.ts'
import { printable } from '../../daemon/cli/printable.ts'
import { type Column, fitColumns, table } from '../../daemon/cli/table.ts'
import { pad, textWidth, truncate } from '../../daemon/cli/text-width.ts'
import type { Exchange } from '../../sdk/model.ts'

fc.configureGlobal({ seed: 20260131 })

const text = fc
  .oneof(fc.string(), fc.string({ unit: 'grapheme' }), fc.string({ unit: fc.constantFrom('漢', 'é', '🎉', '👨‍👩‍👧', 'x', ' ', '\x1b') }))
  .map(printable)

const columns: Column[] = [
  { title: 'SEQ', align: 'right', width: 5 },
  { title: 'NAME', width: 8 },
  { title: 'URL', width: 10, cut: 'middle' },
]

describe('truncate', () => {
  test('never gives more columns than there is room for', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 0, max: 40 }), fc.constantFrom('end' as const, 'middle' as const), (given, width, cut) => {
        expect(textWidth(truncate(given, width, cut))).toBeLessThanOrEqual(Math.max(width, 0))
      }),
    )
  })

  test('leaves alone what fits', () => {
    fc.assert(
      fc.property(text, (given) => {
        expect(truncate(given, textWidth(given))).toBe(given)
      }),
    )
  })

  test('says that something is missing, at the end or in the middle', () => {
    expect(truncate('https://example.com/a/long/path', 12)).toBe('https://exa…')
    expect(truncate('https://example.com/a/long/path', 13, 'middle')).toBe('https://…path')
    expect(truncate('漢字漢字', 5)).toBe('漢字…')
  })
})

describe('a table', () => {
  test('fits the terminal, whatever its cells hold', () => {
    fc.assert(
      fc.property(fc.array(text, { minLength: 3, maxLength: 3 }), fc.integer({ min: 60, max: 200 }), (cells, width) => {
        expect(textWidth(table(columns, width).row(cells))).toBeLessThanOrEqual(width)
      }),
    )
  })

  test('begins its columns at the same place in every row', () => {
    fc.assert(
      fc.property(fc.array(text, { minLength: 2, maxLength: 2 }), (cells) => {
        const row = table(columns, 80).row([...cells, 'URL'])
        expect(textWidth(row.slice(0, row.lastIndexOf('URL')))).toBe(5 + 2 + 8 + 2)
      }),
    )
  })

  test('cuts nothing where no terminal is', () => {
    const long = `https://example.com/${'x'.repeat(500)}`
    const row = table(columns, Infinity).row(['1234567', 'a-long-name', long])
    expect(row).toBe(`1234567  a-long-name  ${long}`)
    expect(row).not.toContain('\t')
  })

  test('aligns, and ends its lines without blanks', () => {
    const layout = table(columns, 60)
    expect(layout.header()).toBe('  SEQ  NAME      URL')
    expect(layout.row(['7', 'ab', ''])).toBe('    7  ab')
    expect(layout.row(['7', 'ab', 'u'], (cell, column) => (column === 1 ? `<${cell}>` : cell))).toBe('    7  <ab      >  u')
  })

  test('can be as wide as its widest cells', () => {
    expect(
      fitColumns(
        [{ title: 'A' }, { title: 'LONG' }],
        [
          ['漢字', 'x'],
          ['y', 'z'],
        ],
      ).map(({ width }) => width),
    ).toEqual([4, 4])
  })

  test('pads to columns, not to characters', () => {
    expect(pad('漢', 4)).toBe('漢  ')
    expect(pad('漢', 4, 'right')).toBe('  漢')
  })
})

describe('the table of exchanges', () => {
  const exchange = fc.record({
    seq: fc.integer({ min: 1, max: 99_999 }),
    state: fc.constantFrom('open', 'complete', 'failed', 'aborted'),
    kind: fc.constantFrom('http', 'tunnel', 'websocket'),
    startedAt: fc.nat(),
    durationMs: fc.option(fc.nat({ max: 1e9 })),
    request: fc.record({ method: text, url: text }),
    response: fc.option(
      fc.record({
        status: fc.integer({ min: 100, max: 999 }),
        bodySize: fc.nat(),
        headers: fc.constant([['content-type', 'x'.repeat(40)]]),
      }),
    ),
  }) as fc.Arbitrary<unknown> as fc.Arbitrary<Exchange>

  /** An output that is a terminal of so many columns. */
  const terminal = (columns: number) => new Output(Object.assign(new PassThrough(), { isTTY: true, columns }))

  test('fits every terminal, and leaves room for the URL', () => {
    fc.assert(
      fc.property(exchange, fc.integer({ min: 60, max: 250 }), (given, columns) => {
        const layout = exchangeTable(terminal(columns))
        expect(textWidth(layout.line(given))).toBeLessThanOrEqual(columns)
        expect(layout.header()).toContain('URL')
        expect(columns - textWidth(layout.header())).toBeGreaterThanOrEqual(12)
      }),
    )
  })
})
