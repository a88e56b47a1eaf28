/** JSON Lines, as weir's own exporter writes them: nothing is lost but where an exchange came from. */
import { type JsonlBody, type JsonlLine, jsonlVersion } from '../../sdk/jsonl.ts'
import { Exchange, Message, type Part } from '../../sdk/model.ts'
import { Validator } from '../../sdk/validation.ts'
import { EntryFault, type ImportedEntry, type ImportedExchange, importedEntry } from './imported-exchange.ts'
import { isObject, parseJson } from './json-values.ts'
import { linesOf } from './lines.ts'

/** One object: the validator compiles each schema once. */
const Messages = { type: 'array', items: Message }

export async function* readJsonl(pieces: AsyncIterable<Buffer>): AsyncGenerator<ImportedEntry> {
  const validator = new Validator()
  for await (const { bytes, line } of linesOf(pieces)) {
    yield importedEntry(`line ${line}`, () => exchangeOf(parseJson(bytes, line), validator))
  }
}

function exchangeOf(value: unknown, validator: Validator): ImportedExchange {
  if (!isObject(value) || typeof value.weir !== 'number') throw new EntryFault('it is no exchange as weir export jsonl writes them')
  if (value.weir > jsonlVersion) throw new EntryFault('it is of a newer weir: update weir to import it')
  const { bodies = {}, messages = [] } = value as unknown as JsonlLine
  const [wrong] = [...validator.check(Exchange, value), ...validator.check(Messages, messages)]
  if (wrong) throw new EntryFault(`${wrong.path} ${wrong.message}`)
  const exchange = value as unknown as JsonlLine
  return { exchange, bodies: { request: bytesOf(bodies, 'request'), response: bytesOf(bodies, 'response') }, messages }
}

function bytesOf(bodies: unknown, part: Part): Buffer | null {
  const body = (isObject(bodies) ? bodies[part] : undefined) as JsonlBody | { leftOut: number } | undefined
  if (!isObject(body)) return null
  if ('text' in body && typeof body.text === 'string') return Buffer.from(body.text, 'utf8')
  if ('base64' in body && typeof body.base64 === 'string') return Buffer.from(body.base64, 'base64')
  return null
}
