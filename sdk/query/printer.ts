/** A tree as text: parsing it gives the same tree again. */
import type { Query, Term, Test } from './ast.ts'
import { fieldOf } from './fields.ts'
import { writeTime } from './quantities.ts'

export function printQuery(query: Query): string {
  switch (query.type) {
    case 'and':
      return query.of.map((part) => (part.type === 'or' ? `(${printQuery(part)})` : printQuery(part))).join(' ')
    case 'or':
      return query.of.map(printQuery).join(' OR ')
    case 'not':
      return query.of.type === 'and' || query.of.type === 'or' ? `-(${printQuery(query.of)})` : `-${printQuery(query.of)}`
    case 'term':
      return printTerm(query)
  }
}

const bareName = /^[^\s:~=<>"(),]+$/
const bareText = /^[\w/@%+-]+(?:\.[\w/@%+-]+)*$/

function printTerm({ field, name, test }: Term): string {
  return `${field}${name === undefined ? '' : `.${bareName.test(name) ? name : quoted(name)}`}${printTest(test, fieldOf(field).type === 'mediaType')}`
}

function printTest(test: Test, isMediaType: boolean): string {
  switch (test.type) {
    case 'present':
      return ':*'
    case 'is':
      return `:${printPieces(test.pieces, isMediaType)}`
    case 'contains':
      return `~${printPieces(test.pieces, isMediaType)}`
    case 'regex':
      return `=~"${test.source.replace(/\\[\s\S]|"/g, (found) => (found === '"' ? '\\"' : found))}"`
    case 'class':
      return `:${test.class}`
    case 'number':
      return `:${test.operator === '=' ? '' : test.operator}${test.value}`
    case 'range':
      return `:${test.from}..${test.to}`
    case 'time':
      return `:${writeTime(test)}`
  }
}

/** @param isMediaType a bare word would be a class there */
function printPieces(pieces: readonly string[], isMediaType: boolean): string {
  const [only = ''] = pieces
  if (pieces.length === 1) return bareText.test(only) && !isMediaType ? only : quoted(only)
  return pieces.map((piece) => piece.replace(/[\s\\*,()"<>:[\]]/g, '\\$&')).join('*')
}

const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`
