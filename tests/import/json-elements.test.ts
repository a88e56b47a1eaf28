import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type JsonElement, jsonElements } from '../../daemon/import/json-elements.ts'

fc.configureGlobal({ seed: 20260401 })

async function* inPieces(text: string, size: number): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function elements(text: string, size = 7, path = ['log', 'entries'], limit?: number): Promise<JsonElement[]> {
  const found: JsonElement[] = []
  for await (const element of jsonElements(inPieces(text, size), path, limit)) found.push(element)
  return found
}

const value = fc.jsonValue({ stringUnit: 'binary' })

it('finds each element of the list, however the document is cut into pieces', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(value),
      fc.dictionary(fc.string(), value),
      fc.dictionary(fc.string(), value),
      fc.constantFrom(undefined, 1, '\t'),
      fc.integer({ min: 1, max: 40 }),
      async (list, before, after, space, size) => {
        const log = { ...before, entries: list, ...Object.fromEntries(Object.entries(after).filter(([name]) => name !== 'entries')) }
        const text = JSON.stringify({ ...before, log }, null, space)
        const found = await elements(text, size)
        expect(found.map(({ bytes }) => JSON.parse(bytes.toString()) as unknown)).toEqual(JSON.parse(JSON.stringify(list)))
        expect(found.map(({ index }) => index)).toEqual(list.map((_, index) => index))
      },
    ),
  )
})

it('is not misled by the same names elsewhere', async () => {
  const text =
    '{"entries":[9],"x":"log","a":{"log":{"entries":[8]}},"log":{"b":[{"entries":[7]}],"c":"entries","d":[6],"entries":[1,{"entries":[2]}]}}'
  expect((await elements(text)).map(({ bytes }) => bytes.toString())).toEqual(['1', '{"entries":[2]}'])
})

it('says on which line an element begins', async () => {
  const text = '{\n "log": {\n  "entries": [\n {\n"a": 1 },\n\n {} ] } }'
  expect((await elements(text)).map(({ line }) => line)).toEqual([4, 7])
})

it.each([
  ['{"log":{"entries":[1,\n{"a":"b', 'the file ends within its list log.entries', 'line 2'],
  ['{"log":{"entries":{}}}', 'it has no list log.entries', 'line 1'],
  ['[1,2]', 'it has no list log.entries', 'line 1'],
  ['{"log":{"entries":[\n"1234567890"]}}', 'an element of log.entries is larger than 8 bytes', 'line 2'],
])('%j is broken: %s', async (text, message, at) => {
  await expect(elements(text, 5, ['log', 'entries'], 8)).rejects.toMatchObject({ message, at })
})

it('gives what stands before the place where the document breaks', async () => {
  const found: string[] = []
  const reading = async () => {
    for await (const { bytes } of jsonElements(inPieces('{"log":{"entries":[1,2,', 3), ['log', 'entries'])) found.push(bytes.toString())
  }
  await expect(reading()).rejects.toThrow('the file ends')
  expect(found).toEqual(['1', '2'])
})
