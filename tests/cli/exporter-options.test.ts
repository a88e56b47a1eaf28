import fc from 'fast-check'
import { expect, test } from 'vitest'
import { UsageError } from '../../daemon/cli/exit.ts'
import { exporterOptions } from '../../daemon/cli/exporter-options.ts'

fc.configureGlobal({ seed: 20260131 })

const schema = {
  type: 'object',
  properties: { title: { type: 'string' }, pretty: { type: 'boolean' }, depth: { type: 'integer' }, any: {} },
}

test('the schema says what a text means', () => {
  expect(exporterOptions(['title=1', 'pretty=true', 'depth=3', 'any={"a":[1]}'], schema)).toEqual({
    title: '1',
    pretty: true,
    depth: 3,
    any: { a: [1] },
  })
})

test('a string option takes any text, = signs and all', () => {
  fc.assert(
    fc.property(fc.string(), (title) => {
      expect(exporterOptions([`title=${title}`], schema)).toEqual({ title })
    }),
  )
})

test('an option the schema does not know is JSON, or else text, and goes to the daemon to be refused', () => {
  expect(exporterOptions(['x=1', 'y=one', 'constructor=2'], schema)).toEqual({ x: 1, y: 'one', constructor: 2 })
  expect(exporterOptions(['x=1'], undefined)).toEqual({ x: 1 })
})

test.each(['pretty=yes', 'depth=deep', 'depth='])('%s is refused with a sentence', (set) => {
  expect(() => exporterOptions([set], schema)).toThrow(UsageError)
})
