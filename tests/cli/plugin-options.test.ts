import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { UsageError } from '../../daemon/cli/exit.ts'
import { pluginOptions } from '../../daemon/cli/plugin-options.ts'

fc.configureGlobal({ seed: 20260131 })

const optionsOf = (settings: string[], of: unknown) => pluginOptions(settings, of, '--set')

const schema = {
  type: 'object',
  properties: { title: { type: 'string' }, pretty: { type: 'boolean' }, depth: { type: 'integer' }, any: {}, whole: { type: 'object' } },
}

test('the schema says what a text means', () => {
  expect(optionsOf(['title=1', 'pretty=true', 'depth=3', 'any={"a":[1]}'], schema)).toEqual({
    title: '1',
    pretty: true,
    depth: 3,
    any: { a: [1] },
  })
})

test('a string option takes any text, = signs and all', () => {
  fc.assert(
    fc.property(fc.string(), (title) => {
      expect(optionsOf([`title=${title}`], schema)).toEqual({ title })
    }),
  )
})

test('an option the schema does not know is JSON, or else text, and goes to the daemon to be refused', () => {
  expect(optionsOf(['x=1', 'y=one', 'constructor=2'], schema)).toEqual({ x: 1, y: 'one', constructor: 2 })
  expect(optionsOf(['x=1'], undefined)).toEqual({ x: 1 })
})

test.each(['pretty=yes', 'depth=deep', 'depth='])('%s is refused with a sentence', (set) => {
  expect(() => optionsOf([set], schema)).toThrow(UsageError)
})

test('an object is JSON, or @FILE that holds it', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'weir-options-')), 'whole.json')
  writeFileSync(file, '{"a":[1]}')
  expect(optionsOf([`whole=@${file}`, 'any=@text'], schema)).toEqual({ whole: { a: [1] }, any: '@text' })
  expect(optionsOf(['whole={"b":2}'], schema)).toEqual({ whole: { b: 2 } })
  writeFileSync(file, 'no JSON')
  for (const path of [file, '/no/where']) expect(() => optionsOf([`whole=@${path}`], schema)).toThrow(/--set whole names a file of JSON/)
})

test('a list is texts with commas between them, or JSON; where one text will do, it is one', () => {
  const text = { type: 'string' }
  const lists = { properties: { names: { type: 'array' }, only: { anyOf: [text, { type: 'array', items: text }] } } }
  expect(optionsOf(['names=a', 'only=GET'], lists)).toEqual({ names: ['a'], only: 'GET' })
  expect(optionsOf(['names=a,b', 'only=GET,POST'], lists)).toEqual({ names: ['a', 'b'], only: ['GET', 'POST'] })
  expect(optionsOf(['names=["a,b"]', 'only=["a,b"]'], lists)).toEqual({ names: ['a,b'], only: ['a,b'] })
  expect(optionsOf(['names=[a', 'only=[a'], lists)).toEqual({ names: ['[a'], only: ['[a'] })
})
