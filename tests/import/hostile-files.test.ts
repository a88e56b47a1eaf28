/** Whatever a file holds: entries are imported or named, and what is on record is what the protocol says. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Exchange, Message } from '../../sdk/model.ts'
import { Validator } from '../../sdk/validation.ts'
import { mutations } from '../support/decoder-fuzz.ts'
import { harEntry, harFile, importable, importFiles, jsonlFile, jsonlLine, postmanFile, postmanItem } from '../support/import-samples.ts'
import { importContent, importFolder, readAll } from '../support/imported.ts'

const seed = 20260407
fc.configureGlobal({ seed })

/** One of its values, somewhere, is another. */
const changed = (value: object): fc.Arbitrary<object> =>
  fc.tuple(fc.array(fc.nat(50), { minLength: 1, maxLength: 6 }), odd).map(([path, other]) => {
    const copy = structuredClone(value)
    let inside = copy as Record<string, unknown>
    for (const step of path) {
      const names = Object.keys(inside)
      const name = names[step % names.length] as string
      const next = inside[name]
      if (step === path.at(-1) || typeof next !== 'object' || next === null || Object.keys(next).length === 0) {
        inside[name] = other
        return copy
      }
      inside = next as Record<string, unknown>
    }
    return copy
  })
const odd = fc.oneof(
  fc.constantFrom(
    null,
    -1,
    0.5,
    1e300,
    -1e300,
    2 ** 60,
    '',
    '\u0000',
    '\ud800',
    'constructor',
    '__proto__',
    [],
    {},
    [[]],
    true,
    '9'.repeat(400),
  ),
  fc.jsonValue({ stringUnit: 'binary' }),
)

const formats: [name: string, entry: object, file: (entries: readonly object[]) => string][] = [
  ['HAR', harEntry, harFile],
  ['JSON Lines', jsonlLine, jsonlFile],
  ['Postman', postmanItem, postmanFile],
]

it.each(formats)('of %s', async (_, entry, file) => {
  const folder = importFolder()
  const validator = new Validator()
  await fc.assert(
    fc.asyncProperty(fc.array(changed(entry), { minLength: 150, maxLength: 200, size: 'max' }), async (entries) => {
      const { counts, malformed, leftOut, file: session } = await importContent(file([entry, ...entries]), folder, true)
      expect(counts.exchanges + malformed + leftOut).toBeGreaterThanOrEqual(entries.length + 1)
      const all = await readAll(session)
      expect(all.length).toBe(counts.exchanges)
      for (const { exchange, messages } of all) {
        expect(validator.check(Exchange, exchange), JSON.stringify(exchange)).toEqual([])
        for (const message of messages) expect(validator.check(Message, message), JSON.stringify(message)).toEqual([])
      }
    }),
    { numRuns: 5, endOnFailure: true },
  )
})

it('of any format, with bytes that are others', async () => {
  for (const sample of importFiles) expect(await importable(sample)).toBeGreaterThan(0)
  for (const bytes of mutations(importFiles, 2_000, seed)) await importable(bytes)
})
