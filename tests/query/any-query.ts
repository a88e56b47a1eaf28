/** Queries at random: any tree that the language can say, with values that exchanges have often enough. */
import fc from 'fast-check'
import type { Query, Test } from '../../sdk/query/ast.ts'
import { type FieldName, fieldOf, fields } from '../../sdk/query/fields.ts'
import { mediaClasses } from '../../sdk/query/media-class.ts'
import { join } from '../../sdk/query/parser.ts'

const byte = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code))
const piece = fc.oneof(
  fc.constantFrom(
    'a',
    'b',
    'A',
    '/',
    '/x',
    'test',
    'a.test',
    '1',
    '2',
    '42',
    'text/',
    'json',
    'GET',
    'get',
    'x y',
    '"',
    '\\',
    '*',
    ',',
    'é',
    'OK',
    '..',
    '1..5',
  ),
  fc.string({ unit: byte, minLength: 1, maxLength: 3 }),
)
const pieces = (shortest: number) => fc.array(piece, { minLength: shortest, maxLength: 3 })
/** The first and last may be empty, as in `*a` and `a*`. */
const wholePieces = fc.oneof(
  fc.oneof(piece, fc.constant('')).map((text) => [text]),
  fc
    .tuple(fc.oneof(piece, fc.constant('')), pieces(0), fc.oneof(piece, fc.constant('')))
    .map(([first, inner, last]) => [first, ...inner, last]),
)

const present: Test = { type: 'present' }
const textTest = fc.oneof(
  fc.constant(present),
  wholePieces.map((all): Test => (all.length > 1 && all.every((one) => one === '') ? present : { type: 'is', pieces: all })),
  pieces(1).map((all): Test => ({ type: 'contains', pieces: all })),
  fc.constantFrom('^a', '[0-9]+', 'a|b', '"', '\\.', '(?i)A$', 'x*').map((source): Test => ({ type: 'regex', source })),
)
const amount = fc.oneof(fc.integer({ min: -5, max: 1000 }), fc.constantFrom(0, 80, 443, 8080, 200, 404, 0.001, 1.5, 1e21, 1e-7))
const numberTest = fc.oneof(
  fc.constant(present),
  fc.record({
    type: fc.constant('number' as const),
    operator: fc.constantFrom('=' as const, '<' as const, '<=' as const, '>' as const, '>=' as const),
    value: amount,
  }),
  fc.tuple(amount, amount).map(([a, b]): Test => ({ type: 'range', from: Math.min(a, b), to: Math.max(a, b) })),
)
const timeTest = fc.oneof(
  fc.integer({ min: -1e12, max: 4e12 }).map((at): Test => ({ type: 'time', at })),
  fc.integer({ min: -1e12, max: 1e12 }).map((ago): Test => ({ type: 'time', ago })),
)
const wordTest = (words: readonly string[]) =>
  fc.oneof(
    fc.constantFrom(...words).map((word): Test => ({ type: 'is', pieces: [word] })),
    textTest.filter((test) => test.type !== 'is' || test.pieces.length > 1),
  )

function testOf(name: FieldName): fc.Arbitrary<Test> {
  const { type, words = [] } = fieldOf(name)
  if (type === 'number' || type === 'status' || type === 'size' || type === 'duration') return numberTest
  if (type === 'time') return timeTest
  if (type === 'word') return wordTest(words)
  if (type === 'mediaType')
    return fc.oneof(
      textTest,
      fc.constantFrom(...mediaClasses).map((name): Test => ({ type: 'class', class: name })),
    )
  if (type === 'value')
    return fc.oneof(
      textTest,
      numberTest.filter((test) => test.type !== 'number' || test.operator !== '='),
    )
  // A bare number is read as the version that it abbreviates.
  if (name === 'tls.version')
    return textTest.filter((test) => test.type !== 'is' || test.pieces.length > 1 || !/^1(\.\d)?$/.test(test.pieces[0] ?? ''))
  return textTest
}

const names = fc.oneof(
  fc.constantFrom('x-id', 'X-ID', 'a', 'content-type', 'a.b', 'items[0].id', 'items.id', 'we:ird', 'with "quotes"', '*', 'a\\.b'),
  fc.string({ unit: byte, minLength: 1, maxLength: 3 }),
)

const term: fc.Arbitrary<Query> = fc.constantFrom(...(Object.keys(fields) as FieldName[])).chain((field) =>
  fc
    .record({
      test: testOf(field),
      name: fieldOf(field).named === undefined ? fc.constant(undefined) : fc.option(names, { nil: undefined }),
    })
    .map(({ test, name }): Query => ({ type: 'term', field, ...(name !== undefined && { name }), test })),
)

/** In the form in which the parser gives it. */
export const anyQuery: fc.Arbitrary<Query> = fc.letrec<{ query: Query }>((tie) => ({
  query: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'query' },
    term,
    tie('query').map((of): Query => ({ type: 'not', of })),
    fc.array(tie('query'), { minLength: 2, maxLength: 3 }).map((of) => join('and', ...of)),
    fc.array(tie('query'), { minLength: 2, maxLength: 3 }).map((of) => join('or', ...of)),
  ),
})).query
