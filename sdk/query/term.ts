/** One term: what its field allows, and what its values mean for it. */
import type { Query, Term, Test } from './ast.ts'
import { aliases, eitherSide, type Field, type FieldName, fieldOf, fields, knownNames, portOf } from './fields.ts'
import { Lexer, type Literal, type Operator, type TermToken } from './lexer.ts'
import { mediaClasses } from './media-class.ts'
import { howWritten, readAmount, readQuantity, readTime } from './quantities.ts'
import { invalidQuery, unknownWord } from './query-error.ts'
import { compilePattern } from './regex.ts'

/** The fields asked for: any of them. */
interface Asked {
  fields: readonly FieldName[]
  name: string | undefined
}

/** Throws invalidQuery. */
export function readTerm(token: TermToken): Query {
  const asked = readHead(token)
  return anyOf(token.values.map((value) => anyOf(asked.fields.map((field) => readValue(field, asked.name, token.operator, value)))))
}

function anyOf(queries: Query[]): Query {
  const of = queries.flatMap((query) => (query.type === 'or' ? query.of : [query]))
  return of.length === 1 ? (of[0] as Query) : { type: 'or', of }
}

function readHead({ head, name, position }: TermToken): Asked {
  const whole = name === null ? head : head.slice(0, -1)
  const found = fieldsNamed(whole)
  if (found !== null) return { fields: found, name: checkedName(found[0] as FieldName, name ?? undefined, position) }
  // `req.header.x-id`: the longest field that takes a name.
  for (let dot = head.lastIndexOf('.'); name === null && dot > 0; dot = head.lastIndexOf('.', dot - 1)) {
    const inner = fieldsNamed(head.slice(0, dot))
    if (inner !== null && fieldOf(inner[0] as FieldName).named !== undefined)
      return { fields: inner, name: checkedName(inner[0] as FieldName, head.slice(dot + 1), position) }
  }
  throw unknownWord('the field', whole, position, knownNames, 'put quotes around a text that is to be found in the URL')
}

function fieldsNamed(name: string): readonly FieldName[] | null {
  if (Object.hasOwn(fields, name)) return [name as FieldName]
  if (Object.hasOwn(eitherSide, name)) return eitherSide[name as keyof typeof eitherSide]
  return Object.hasOwn(aliases, name) ? [aliases[name as keyof typeof aliases]] : null
}

function checkedName(field: FieldName, name: string | undefined, position: number): string | undefined {
  if (name === undefined) return undefined
  if (fieldOf(field).named === undefined) throw invalidQuery(`the field ${field} takes no name behind it`, position)
  if (name === '') throw invalidQuery(`a name is missing behind ${field}.`, position)
  return name
}

function readValue(field: FieldName, name: string | undefined, operator: Operator, value: Literal): Query {
  const port = operator === ':' && !value.quoted ? portOf[field] : undefined
  if (port !== undefined) return readHost(field, port, value)
  return termOf(field, name, readTest(field, operator, value))
}

const termOf = (field: FieldName, name: string | undefined, test: Test): Term => ({
  type: 'term',
  field,
  ...(name !== undefined && { name }),
  test,
})

const withPort = /^(?<host>\[.*\]|[^:]*?)(?<!\\):(?<digits>\d{1,5}|\*)$/s

/** `a`, `a:8080`, `[::1]`, `[::1]:8080`, `::1`. */
function readHost(field: FieldName, port: FieldName, value: Literal): Query {
  const { host = value.raw, digits } = withPort.exec(value.raw)?.groups ?? {}
  const bare = host.replace(/^\[(.*)\]$/s, '$1')
  const hostTerm = termOf(field, undefined, readTest(field, ':', bare === value.raw ? value : unquoted(bare, value)))
  if (digits === undefined || digits === '*') return hostTerm
  return { type: 'and', of: [hostTerm, termOf(port, undefined, { type: 'number', operator: '=', value: Number(digits) })] }
}

function unquoted(raw: string, { position, comparison }: Literal): Literal {
  if (raw === '') throw invalidQuery('a value is missing here', position)
  const token = new Lexer(`host:${raw}`).next() as TermToken
  return { ...(token.values[0] as Literal), position, comparison }
}

function readTest(name: FieldName, operator: Operator, value: Literal): Test {
  const field = fieldOf(name)
  const comparison = isComparison(operator) ? operator : value.comparison
  switch (field.type) {
    case 'number':
    case 'status':
    case 'size':
    case 'duration':
      return readNumber(name, field, operator, comparison, value)
    case 'time':
      if (operator !== ':' || comparison !== null) throw invalidQuery(`${name} takes a time behind a colon`, value.position)
      return readTime(plainText(value)) ?? refuse(name, field, value)
    case 'value':
      if (comparison !== null) return compared(comparison, readQuantity(plainText(value), 'number')) ?? refuse(name, field, value)
      return (value.quoted || operator !== ':' ? null : readNumericRange(value)) ?? readText(name, field, operator, value)
    case 'text':
    case 'word':
    case 'mediaType':
    case 'body':
      if (comparison !== null)
        throw invalidQuery(`${name} is no number; a text that begins with ${comparison} needs quotes`, value.position)
      return readText(name, field, operator, value)
  }
}

const isComparison = (operator: Operator): operator is '<' | '<=' | '>' | '>=' => operator.startsWith('<') || operator.startsWith('>')

const compared = (operator: '<' | '<=' | '>' | '>=', value: number | null): Test | null =>
  value === null ? null : { type: 'number', operator, value }

function refuse(name: FieldName, field: Field, value: Literal): never {
  const wanted = howWritten[field.type] ?? (field.type === 'value' ? howWritten.number : 'another value')
  throw invalidQuery(`${name} takes ${wanted}`, value.position)
}

/** As one text; stars stay stars. */
const plainText = ({ pieces }: Literal): string => pieces.join('*')

function readNumber(name: FieldName, field: Field, operator: Operator, comparison: string | null, value: Literal): Test {
  if (operator === '~' || operator === '=~') refuse(name, field, value)
  const text = plainText(value)
  if (comparison !== null) return compared(comparison as '<', readQuantity(text, field.type)) ?? refuse(name, field, value)
  if (!value.quoted && text === '*') return { type: 'present' }
  return checkedRange(readAmount(text, field.type), value) ?? refuse(name, field, value)
}

function readNumericRange(value: Literal): Test | null {
  const text = plainText(value)
  return text.includes('..') ? checkedRange(readAmount(text, 'number'), value) : null
}

function checkedRange(test: Test | null, value: Literal): Test | null {
  if (test?.type === 'range' && test.from > test.to) throw invalidQuery('the range ends before it begins', value.position)
  return test
}

function readText(name: FieldName, field: Field, operator: Operator, value: Literal): Test {
  if (operator === '=~') {
    const [source = ''] = value.pieces
    compilePattern(source, field.ignoresCase === true, value.position)
    return { type: 'regex', source }
  }
  if (operator === '~') {
    const pieces = withoutEmptyEnds(value.pieces)
    return pieces.length === 0 ? { type: 'present' } : { type: 'contains', pieces }
  }
  if (!value.quoted && field.type === 'mediaType' && value.pieces.length === 1 && !value.raw.includes('/')) return readClass(value)
  if (value.pieces.length === 1 && field.type === 'word') return readKnownWord(name, field, value)
  const pieces = tidied(name, value.pieces)
  return pieces.length > 1 && pieces.every((piece) => piece === '') ? { type: 'present' } : { type: 'is', pieces }
}

function readClass(value: Literal): Test {
  const [word = ''] = value.pieces
  const name = word.toLowerCase()
  if (!mediaClasses.includes(name))
    throw unknownWord('the class of media types', word, value.position, mediaClasses, 'a whole type has a slash: image/png')
  return { type: 'class', class: name }
}

function readKnownWord(name: FieldName, { words = [] }: Field, value: Literal): Test {
  const [word = ''] = value.pieces
  if (!words.includes(word)) throw unknownWord(`the ${name}`, word, value.position, words)
  return { type: 'is', pieces: [word] }
}

/** Of stars side by side one counts. TLS versions may be written as 1.3. */
function tidied(name: FieldName, pieces: string[]): string[] {
  const [first = ''] = pieces
  if (name === 'tls.version' && pieces.length === 1 && /^1(\.\d)?$/.test(first)) return [`TLSv${first === '1.0' ? '1' : first}`]
  return pieces.filter((piece, index) => piece !== '' || index === 0 || index === pieces.length - 1)
}

/** What stars at the ends, or side by side, add to a text that is only to be contained: nothing. */
export const withoutEmptyEnds = (pieces: string[]): string[] => pieces.filter((piece) => piece !== '')
