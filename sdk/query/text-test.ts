/** Tests of single values. */
import type { NumberOperator, Test } from './ast.ts'
import { essenceOf, isOfClass } from './media-class.ts'
import { readQuantity } from './quantities.ts'
import { compilePattern } from './regex.ts'

export type ValueTest<T> = (value: T) => boolean

/** ASCII letters alone: what the protocols mean by ignoring case, and what SQLite's lower() does. */
export const foldCase = (text: string): string =>
  /[^\0-\x7f]/.test(text) ? text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : text.toLowerCase()

/** Numbers are compared where the text is one. */
export function textTest(test: Test, ignoresCase: boolean): ValueTest<string> {
  switch (test.type) {
    case 'present':
      return () => true
    case 'is':
    case 'contains': {
      const whole = test.type === 'is'
      const matches = piecesTest(ignoresCase ? test.pieces.map(foldCase) : test.pieces, whole)
      return ignoresCase ? (value) => matches(foldCase(value)) : matches
    }
    case 'regex': {
      const pattern = compilePattern(test.source, ignoresCase, 0)
      return (value) => pattern.find(value)
    }
    case 'class':
      return (value) => isOfClass(value, test.class)
    case 'number':
    case 'range': {
      const matches = numberTest(test)
      return (value) => {
        const number = readQuantity(value.trim(), 'number')
        return number !== null && matches(number)
      }
    }
    case 'time':
      return () => false
  }
}

/** @param whole from the beginning to the end of the text */
function piecesTest(pieces: readonly string[], whole: boolean): ValueTest<string> {
  const [first = ''] = pieces
  if (pieces.length === 1) return whole ? (value) => value === first : (value) => value.includes(first)
  return (value) => hasPieces(value, pieces, whole)
}

/** In their order; each as early as it can be, the last one at the end when the whole is meant. */
function hasPieces(value: string, pieces: readonly string[], whole: boolean): boolean {
  const last = pieces.length - 1
  let at = 0
  for (const [index, piece] of pieces.entries()) {
    if (whole && index === last) return value.length - piece.length >= at && value.endsWith(piece)
    const found = value.indexOf(piece, at)
    if (found < 0 || (whole && index === 0 && found > 0)) return false
    at = found + piece.length
  }
  return true
}

export function numberTest(test: Test): ValueTest<number> {
  if (test.type === 'present') return () => true
  if (test.type === 'range') return (value) => value >= test.from && value <= test.to
  return test.type === 'number' ? comparisons[test.operator](test.value) : () => false
}

const comparisons: { readonly [O in NumberOperator]: (limit: number) => ValueTest<number> } = {
  '=': (limit) => (value) => value === limit,
  '<': (limit) => (value) => value < limit,
  '<=': (limit) => (value) => value <= limit,
  '>': (limit) => (value) => value > limit,
  '>=': (limit) => (value) => value >= limit,
}

/** Of a number that may still grow: whether it passes in the end; null: that is open. */
export function growingTest(test: Test): (value: number) => boolean | null {
  if (test.type === 'range') return (value) => (value > test.to ? false : null)
  if (test.type !== 'number') return () => null
  const { operator, value: limit } = test
  const passes = numberTest(test)
  switch (operator) {
    case '>':
    case '>=':
      return (value) => (passes(value) ? true : null)
    case '<':
    case '<=':
      return (value) => (passes(value) ? null : false)
    case '=':
      return (value) => (value > limit ? false : null)
  }
}

/** Of the value of a Content-Type field; an unreadable one passes none. */
export function mediaTypeTest(test: Test): ValueTest<string> {
  const matches = textTest(test, true)
  return (value) => {
    const essence = essenceOf(value)
    return essence !== '' && matches(essence)
  }
}

/** The same quantity in other units: what is stored in microseconds is asked in milliseconds. */
export function scaled(test: Test, factor: number): Test {
  if (test.type === 'number') return { ...test, value: test.value * factor }
  return test.type === 'range' ? { ...test, from: test.from * factor, to: test.to * factor } : test
}
